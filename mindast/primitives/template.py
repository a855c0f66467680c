"""NumPy spellings: Python expressions over the names of a primitive's inputs and static parameters, over ``np``, and
over ``nn`` (`mindast.runtime.nn_reference`) for what NumPy lacks.

The evaluator runs them and the Python backend prints them, so the two cannot differ.
"""

from __future__ import annotations

import ast
import copy
import functools
from collections.abc import Callable, Mapping, Sequence
from types import CodeType
from typing import Any, Protocol

import numpy as np

from mindast.ir.array import Param
from mindast.ir.types import ArrayType
from mindast.runtime import nn_reference

_MODULES = {"np": np, "nn": nn_reference}
Params = Mapping[str, Param]
Template = str | Callable[[tuple[ArrayType, ...], Params], str]


class Spelled(Protocol):
    """What a record with a NumPy spelling has."""

    @property
    def name(self) -> str:
        """For messages."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names that stand for the inputs."""

    @property
    def params(self) -> tuple[str, ...]:
        """The names of the static parameters."""

    @property
    def numpy(self) -> Template:
        """The expression, or how to get it from the types of the inputs and the parameters."""

    @property
    def variadic(self) -> bool:
        """Whether the one name in `inputs` stands for a list of them."""


def check_call(record: Spelled, inputs: tuple[ArrayType, ...], params: Params) -> None:
    """ValueError where the number of inputs or the names of the parameters are not those of `record`."""
    if not record.variadic and len(inputs) != len(record.inputs):
        raise ValueError(f"{record.name} takes {len(record.inputs)} inputs, got {len(inputs)}")
    if set(params) != set(record.params):
        raise ValueError(f"{record.name} has parameters {sorted(record.params)}, got {sorted(params)}")


def numpy_expression(
    record: Spelled, operands: Sequence[ast.expr], types: tuple[ArrayType, ...], params: Params
) -> ast.expr:
    """The NumPy expression of `record` applied to `operands`; extents in `params` are printed symbolically."""
    constants = {k: ast.Constant(params[k]) for k in record.params if isinstance(params[k], str | int | float | bool)}
    values = [ast.List(list(operands), ast.Load())] if record.variadic else operands
    return fill_template(_text(record, types, params), {**constants, **dict(zip(record.inputs, values, strict=True))})


def run_template(record: Spelled, inputs: Sequence[Any], params: Params) -> Any:
    """Evaluate the NumPy spelling on arrays; `params` hold numbers only."""
    types = tuple(ArrayType(str(np.asarray(x).dtype), np.shape(x)) for x in inputs)
    values = [list(inputs)] if record.variadic else inputs
    names = {**{k: params[k] for k in record.params}, **dict(zip(record.inputs, values, strict=True))}
    return eval(_compiled(_text(record, types, params)), dict(_MODULES), names)  # the templates are this package's own


def fill_template(template: str, values: Mapping[str, ast.expr]) -> ast.expr:
    """The expression `template` with each name in `values` replaced; precedence is the AST's business."""

    class Fill(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return values.get(node.id, node)

    filled = Fill().visit(copy.deepcopy(_parse(template)))
    assert isinstance(filled, ast.expr)
    return filled


def _text(record: Spelled, types: tuple[ArrayType, ...], params: Params) -> str:
    return record.numpy if isinstance(record.numpy, str) else record.numpy(types, params)


@functools.cache
def _parse(template: str) -> ast.expr:
    return ast.parse(template, mode="eval").body


@functools.lru_cache(maxsize=4096)
def _compiled(text: str) -> CodeType:
    return compile(text, "<primitive>", "eval")
