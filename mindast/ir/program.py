"""What is handed from lowering through the transforms to the backends: a function with the roles of its values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from mindast.ir.array import Function

Kind = Literal["array", "scalar", "float", "int", "bool"]
"""How a leaf looks to Python: an ndarray, a NumPy scalar, or a Python float, int or bool."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """The static part of one array or number among the arguments. `ones` are the axes known to have length 1."""

    kind: Kind
    dtype: str
    rank: int = 0
    ones: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Static:
    """A value that the specialisation is made for: str, bool, None, a dtype, a callable, or an int that steers."""

    value: Any


@dataclass(frozen=True, slots=True)
class Node:
    """A container: ``kind`` is its type (tuple, list, dict, a named tuple or a dataclass), ``keys`` its field names
    or dict keys (positions for sequences), ``children`` the specs of its entries."""

    kind: type
    keys: tuple[Any, ...]
    children: tuple[Spec, ...]


Spec = Leaf | Static | Node
Signature = tuple[tuple[str, Spec], ...]
"""One entry per parameter of the user's function, in order: its name and its spec."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One parameter of a program: the name to show (``params[0]``), its Python kind, and whether the caller
    differentiates it. `path` leads to the leaf from the argument list: the parameter's name, then keys."""

    name: str
    kind: Kind
    path: tuple[Any, ...] = ()
    differentiable: bool = False


@dataclass(frozen=True, slots=True)
class Capture:
    """A hidden input: a float or array read again at each call from where the user's function would read it.

    ``holder`` is the function whose globals or closure is read; ``place`` is ``"global"`` or ``"closure"``; ``path``
    the attributes to follow from ``name`` (``config.lr``).
    """

    holder: Any
    place: Literal["global", "closure"]
    name: str
    path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Constant:
    """A captured value taken as a constant: the program is right only while reading ``source`` gives ``value``."""

    source: Capture
    value: Any


@dataclass(frozen=True, slots=True)
class Result:
    """One result of a program: the name to show (``value``, ``g_x``), its Python kind, and its role."""

    name: str
    kind: Kind
    role: Literal["value", "gradient", "residual"]


@dataclass(frozen=True, slots=True, eq=False)
class Lowered:
    """The frontend's answer: the function, whose parameters are the argument leaves in order and then the captures.

    ``output`` is the tree of the returned value with a `Leaf` per result (or a `Static` for a constant part).
    """

    function: Function
    arguments: tuple[Argument, ...]
    captures: tuple[Capture, ...]
    constants: tuple[Constant, ...]
    output: Spec
    signature: Signature


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """One kernel to print: ``name`` is ``forward``, ``value_and_grad``, ``pullback``...; one `Argument` per parameter
    and one `Result` per result of ``function``. `remarks` tell what was stored, recomputed or dropped, and why, as
    (heading, text) pairs for the head of the file and for ``explain()``."""

    name: str
    function: Function
    arguments: tuple[Argument, ...]
    results: tuple[Result, ...]
    remarks: tuple[tuple[str, str], ...] = field(default=())

    def with_function(self, function: Function) -> Program:
        """The same roles around a transformed function."""
        return self if function is self.function else replace(self, function=function)


def leaves(spec: Spec) -> list[Leaf]:
    """The leaves of a tree, depth first."""
    if isinstance(spec, Leaf):
        return [spec]
    return [leaf for child in spec.children for leaf in leaves(child)] if isinstance(spec, Node) else []
