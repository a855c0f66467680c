"""Types of IR values: a dtype and a shape of symbolic extents.

An extent is an `int` or an `Extent`: a polynomial with integer coefficients over atoms, in canonical form, so that two
extents are proven equal exactly when they compare equal. An atom is a `Sym` (an argument's axis) or a `Quotient`
(a floor division that does not come out even in the polynomial ring).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

FLOATS = ("float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
DTYPES = ("bool", *INTEGERS, *FLOATS)


def is_float(dtype: str) -> bool:
    """Whether `dtype` is one that can be differentiated."""
    return dtype in FLOATS


def itemsize(dtype: str) -> int:
    """Bytes of one element."""
    return 1 if dtype == "bool" else int("".join(c for c in dtype if c.isdigit())) // 8


@dataclass(frozen=True, slots=True)
class Sym:
    """A named extent: the length of some argument's axis."""

    name: str


@dataclass(frozen=True, slots=True)
class Quotient:
    """``numerator // denominator`` where the division does not come out even symbolically."""

    numerator: Extent
    denominator: Extent


Atom = Sym | Quotient
Monomial = tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Extent:
    """A polynomial that is not a constant: sorted ``(monomial, coefficient)`` pairs, no zero coefficient."""

    terms: tuple[tuple[Monomial, int], ...]

    def __str__(self) -> str:
        return dim_text(self)


Dim = int | Extent
Shape = tuple[Dim, ...]


def sym(name: str) -> Extent:
    """The extent that is the symbol `name` alone."""
    return Extent((((Sym(name),), 1),))


def _terms(dim: Dim) -> dict[Monomial, int]:
    if isinstance(dim, int):
        return {(): dim} if dim else {}
    return dict(dim.terms)


def _atom_key(atom: Atom) -> str:
    return atom.name if isinstance(atom, Sym) else f"{dim_text(atom.numerator)} // {dim_text(atom.denominator)}"


def _monomial_key(monomial: Monomial) -> tuple[int, tuple[str, ...]]:
    return (-len(monomial), tuple(_atom_key(a) for a in monomial))


def _canonical(terms: Mapping[Monomial, int]) -> Dim:
    kept = {m: c for m, c in terms.items() if c}
    if not kept:
        return 0
    if set(kept) == {()}:
        return kept[()]
    return Extent(tuple(sorted(kept.items(), key=lambda item: _monomial_key(item[0]))))


def dim_add(a: Dim, b: Dim) -> Dim:
    """``a + b``."""
    total = _terms(a)
    for monomial, coefficient in _terms(b).items():
        total[monomial] = total.get(monomial, 0) + coefficient
    return _canonical(total)


def dim_mul(a: Dim, b: Dim) -> Dim:
    """``a * b``."""
    product: dict[Monomial, int] = {}
    for m1, c1 in _terms(a).items():
        for m2, c2 in _terms(b).items():
            monomial = tuple(sorted(m1 + m2, key=_atom_key))
            product[monomial] = product.get(monomial, 0) + c1 * c2
    return _canonical(product)


def dim_sub(a: Dim, b: Dim) -> Dim:
    """``a - b``."""
    return dim_add(a, dim_mul(b, -1))


def dim_prod(dims: Iterable[Dim]) -> Dim:
    """The product of `dims`: the size of a shape."""
    product: Dim = 1
    for dim in dims:
        product = dim_mul(product, dim)
    return product


def _divide_exactly(a: Dim, b: Dim) -> Dim | None:
    """``a / b`` where `b` is one monomial that divides every term of `a`, else None."""
    divisor = _terms(b)
    if len(divisor) != 1:
        return None
    [(monomial, coefficient)] = divisor.items()
    quotient: dict[Monomial, int] = {}
    for m, c in _terms(a).items():
        rest = list(m)
        for atom in monomial:
            if atom not in rest:
                return None
            rest.remove(atom)
        if c % coefficient:
            return None
        quotient[tuple(rest)] = c // coefficient
    return _canonical(quotient)


def dim_floordiv(a: Dim, b: Dim) -> Dim:
    """``a // b``; symbolic where it does not come out even."""
    if a == b:
        return 1
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    exact = _divide_exactly(a, b)
    if exact is not None:
        return exact
    return _canonical({(Quotient(_extent(a), _extent(b)),): 1})


def _extent(dim: Dim) -> Extent:
    return Extent((((), dim),)) if isinstance(dim, int) else dim


def dim_map(dim: Dim, atom: Callable[[Sym], Dim]) -> Dim:
    """`dim` with each symbol replaced by ``atom(symbol)``."""
    if isinstance(dim, int):
        return dim
    total: Dim = 0
    for monomial, coefficient in dim.terms:
        term: Dim = coefficient
        for factor in monomial:
            if isinstance(factor, Sym):
                value = atom(factor)
            else:
                value = dim_floordiv(dim_map(factor.numerator, atom), dim_map(factor.denominator, atom))
            term = dim_mul(term, value)
        total = dim_add(total, term)
    return total


def dim_value(dim: Dim, values: Mapping[str, int]) -> int:
    """The number that `dim` is, given the value of each symbol by name."""
    result = dim_map(dim, lambda s: values[s.name])
    assert isinstance(result, int)
    return result


def dim_symbols(dim: Dim) -> tuple[str, ...]:
    """Names of the symbols in `dim`, sorted."""
    found: set[str] = set()

    def note(symbol: Sym) -> Dim:
        found.add(symbol.name)
        return sym(symbol.name)

    dim_map(dim, note)
    return tuple(sorted(found))


def bare_symbol(dim: Dim) -> tuple[str, ...]:
    """The name of the symbol that `dim` is, alone; empty for anything else. An axis of such an extent binds it."""
    if isinstance(dim, Extent) and len(dim.terms) == 1:
        [(monomial, coefficient)] = dim.terms
        if coefficient == 1 and len(monomial) == 1 and isinstance(monomial[0], Sym):
            return (monomial[0].name,)
    return ()


def dim_text(dim: Dim) -> str:
    """`dim` as a Python expression over its symbols' names."""
    if isinstance(dim, int):
        return str(dim)
    pieces: list[str] = []
    for monomial, coefficient in dim.terms:
        factors = [_factor_text(a) for a in monomial]
        if not factors:
            factors = [str(abs(coefficient))]
        elif abs(coefficient) != 1:
            factors.insert(0, str(abs(coefficient)))
        sign = "-" if coefficient < 0 else "+"
        body = " * ".join(factors)
        pieces.append(f" {sign} {body}" if pieces else (f"-{body}" if coefficient < 0 else body))
    return "".join(pieces)


def _factor_text(atom: Atom) -> str:
    if isinstance(atom, Sym):
        return atom.name
    return f"({_grouped(atom.numerator)} // {_grouped(atom.denominator)})"


def _grouped(dim: Extent) -> str:
    text = dim_text(dim)
    return text if text.isidentifier() or text.isdigit() else f"({text})"


@dataclass(frozen=True, slots=True)
class ArrayType:
    """dtype name and shape of one value; rank 0 is a scalar. Arrays in IR are pure, so layout is no part of a type."""

    dtype: str
    shape: Shape = ()

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> Dim:
        """Number of elements."""
        return dim_prod(self.shape)

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join(dim_text(d) for d in self.shape)}]" if self.shape else self.dtype


def literal_text(value: float | int | bool) -> str:
    """A literal as Python text that reads back as the same value, NaN and inf included."""
    if isinstance(value, float):
        if math.isnan(value):
            return "nan"
        if math.isinf(value):
            return "inf" if value > 0 else "-inf"
    return repr(value)
