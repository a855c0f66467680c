"""mindast: gradients of NumPy functions, written as Cython and NumPy source, decided at compile time."""

from mindast.api import differentiate, grad, value_and_grad, vjp
from mindast.differentiable import Differentiable
from mindast.errors import (
    CacheSecurityError,
    CompileError,
    CompilerNotFoundWarning,
    IndexOutOfRange,
    InternalError,
    MindastError,
    MindastTypeError,
    MindastWarning,
    ShapeError,
    SourceUnavailableError,
    UnsupportedError,
)
from mindast.runtime.nn_reference import stop_gradient
from mindast.version import __version__

__all__ = [
    "CacheSecurityError",
    "CompileError",
    "CompilerNotFoundWarning",
    "Differentiable",
    "IndexOutOfRange",
    "InternalError",
    "MindastError",
    "MindastTypeError",
    "MindastWarning",
    "ShapeError",
    "SourceUnavailableError",
    "UnsupportedError",
    "__version__",
    "differentiate",
    "grad",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
