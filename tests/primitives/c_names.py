"""Every function that a C spelling may call, with its meaning in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import erf, erfc

UNARY: tuple[Any, ...] = (np.fabs, np.sqrt, np.cbrt, np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p)
UNARY += (np.sin, np.cos, np.tan, np.sinh, np.cosh, np.tanh, np.floor, np.ceil, np.trunc, np.rint, erf, erfc)
BINARY: tuple[Any, ...] = (np.hypot, np.copysign, np.fmod, np.fmax, np.fmin)
INVERSE: tuple[Any, ...] = (np.arcsin, np.arccos, np.arctan, np.arctan2, np.arcsinh, np.arccosh, np.arctanh)

LIBM: dict[str, Any] = {
    **{f.__name__: f for f in (*UNARY, *BINARY)},
    **{f.__name__.replace("arc", "a"): f for f in INVERSE},
    "pow": np.power,
}
"""By libm's double names."""

HELPERS: dict[str, Any] = {
    "maximum": np.maximum,
    "minimum": np.minimum,
    "sign": np.sign,
    "pow_int": lambda x, n: x**n,
    "expit": lambda x: np.exp(min(x, 0)) / (1 + np.exp(-abs(x))),
    "logaddexp": np.logaddexp,
    "logaddexp2": np.logaddexp2,
    "floor_divide": np.floor_divide,
    "floor_mod": np.remainder,
    "floor_divide_int": np.floor_divide,
    "floor_mod_int": np.remainder,
    "fmod_int": np.fmod,
}
"""What the runtime's prelude has beside libm; a division of integers by 0 gives 0, as in NumPy."""

C_NAMES: dict[str, Any] = {"__builtins__": {}, **LIBM, **HELPERS}
