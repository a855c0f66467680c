"""One record per primitive: rule, spellings, reference and samples together."""

from mindast.primitives import (
    arithmetic,
    control,
    linalg,
    maths,
    nn,
    pieces,
    products,
    reduce,
    rounding,
    select,
    shape,
    windows,
)
from mindast.primitives.base import PRIMITIVES

__all__ = [
    "PRIMITIVES",
    "arithmetic",
    "control",
    "linalg",
    "maths",
    "nn",
    "pieces",
    "products",
    "reduce",
    "rounding",
    "select",
    "shape",
    "windows",
]
