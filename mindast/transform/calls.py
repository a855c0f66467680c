"""Primitives that are one call of a kernel of the runtime: which function, with how much scratch and which numbers.

Their operands stand in memory as they are (`transform.prepare` copies what does not); the call writes all of its
result.
"""

from __future__ import annotations

from mindast.ir.array import Eqn
from mindast.ir.loops import Buffer, Call
from mindast.ir.types import ArrayType
from mindast.primitives.nn import conv_flops, conv_workspace
from mindast.transform.values import Values

CONVOLUTIONS = ("conv", "conv_input", "conv_weight")
CALLS = frozenset(CONVOLUTIONS)


def call(values: Values, eqn: Eqn, operands: tuple[Buffer, ...], out: Buffer) -> Call:
    """The call that computes `eqn` into `out`."""
    numbers = (*eqn.param("stride"), *eqn.param("padding"), *eqn.param("dilation"), eqn.param("groups"))
    size = conv_workspace(eqn)
    work = values.scratch("work", ArrayType(eqn.out.type.dtype, (1 if size == 0 else size,)))
    return Call("conv", eqn.prim.name, operands, out, work, numbers, conv_flops(eqn))
