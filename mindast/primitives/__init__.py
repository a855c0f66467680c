"""One record per primitive: rule, spellings, reference and samples together."""

from mindast.primitives import arithmetic, control, linalg, maths, pieces, products, reduce, rounding, select, shape
from mindast.primitives.base import PRIMITIVES

__all__ = [
    "PRIMITIVES",
    "arithmetic",
    "control",
    "linalg",
    "maths",
    "pieces",
    "products",
    "reduce",
    "rounding",
    "select",
    "shape",
]
