"""One record per primitive: rule, spellings, reference and samples together."""

from mindast.primitives import elementwise, linalg, reduce, shape
from mindast.primitives.base import PRIMITIVES

__all__ = ["PRIMITIVES", "elementwise", "linalg", "reduce", "shape"]
