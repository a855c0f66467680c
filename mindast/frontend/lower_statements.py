"""Statements: straight lines, branches decided before the call, and calls of other functions, which are inlined."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FunctionType, MethodType, ModuleType
from typing import Any

from mindast.errors import MindastError, UnsupportedError
from mindast.frontend.broadcast import in_place
from mindast.frontend.calls import bind
from mindast.frontend.check import function_refusal, refusal
from mindast.frontend.containers import store_item, unpacked
from mindast.frontend.lower_expressions import Expressions
from mindast.frontend.numpy_names import unknown_call
from mindast.frontend.operators import binary, truth
from mindast.frontend.source import load, span_of
from mindast.frontend.trace import Trace
from mindast.frontend.transformed import Transformed, call_transformed
from mindast.frontend.values import (
    NONE,
    Array,
    Condition,
    Items,
    Known,
    Scalar,
    Value,
    describe,
    is_known,
    known,
    sequence,
)
from mindast.ir.array import Var

DEEPEST = 50
"""How many functions may be inlined into each other."""


class Frame(Expressions):
    """One function that is being lowered: its statements in order, until one returns."""

    def __init__(
        self,
        trace: Trace,
        fn: FunctionType,
        env: dict[str, Value],
        callers: tuple[FunctionType, ...],
        hook: Transformed | None,
    ) -> None:
        source, self.tree = load(fn)
        super().__init__(trace, fn, source, env)
        self.callers, self.hook = (*callers, fn), hook

    def run(self) -> Value:
        """What the function returns."""
        self._at(self.tree)
        unfit = function_refusal(self.fn.__code__)
        if unfit is not None:
            raise self.located(unfit)
        work: list[Iterator[ast.stmt]] = [iter(self.tree.body)]
        while work:
            statement = next(work[-1], None)
            if statement is None:
                work.pop()
                continue
            self._at(statement)
            try:
                if isinstance(statement, ast.Return):
                    return self.evaluate(statement.value) if statement.value else NONE
                if isinstance(statement, ast.If):
                    test = self.evaluate(statement.test)
                    self.trace.node = statement.test
                    work.append(iter(statement.body if truth(self.trace, test) else statement.orelse))
                else:
                    self._execute(statement)
            except MindastError as error:
                raise self.located(error) from None
        return NONE

    def _at(self, statement: ast.stmt) -> None:
        self.trace.source, self.trace.node = self.source, statement
        self.trace.builder.span = span_of(self.source, statement)

    def _execute(self, statement: ast.stmt) -> None:
        method = _STATEMENTS.get(type(statement))
        if method is None:
            raise refusal(statement)
        method(self, statement)

    # Assignments

    def _assign(self, statement: ast.Assign) -> None:
        value = self.evaluate(statement.value)
        for target in statement.targets:
            self._bind(target, value)

    def _annotated(self, statement: ast.AnnAssign) -> None:
        if statement.value is not None:
            self._bind(statement.target, self.evaluate(statement.value))

    def _bind(self, target: ast.expr, value: Value) -> None:
        self.trace.node = target
        if isinstance(target, ast.Name):
            self.env[target.id] = value
            self._hint(value, target.id)
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(target, unpacked(value))
        elif isinstance(target, ast.Subscript):
            self._store(target, value)
        else:
            raise UnsupportedError("An attribute cannot be assigned here.", suggestion="Return the new value instead.")

    def _unpack(self, target: ast.Tuple | ast.List, values: list[Value]) -> None:
        starred = [i for i, t in enumerate(target.elts) if isinstance(t, ast.Starred)]
        short = len(values) < len(target.elts) - len(starred)
        if short or (not starred and len(values) != len(target.elts)):
            raise UnsupportedError(f"There are {len(values)} values for {len(target.elts)} names.")
        for i, part in enumerate(target.elts):
            if isinstance(part, ast.Starred):
                extra = len(values) - len(target.elts) + 1
                self._bind(part.value, sequence(values[i : i + extra], list))
                values = [*values[:i], NONE, *values[i + extra :]]
            else:
                self._bind(part, values[i])

    def _store(self, target: ast.Subscript, value: Value) -> None:
        owner, index = self.evaluate(target.value), self.evaluate(target.slice)
        self.trace.node = target
        if isinstance(owner, Items) and owner.kind in (list, dict):
            if owner.kind is list:
                self.item(owner, index)  # raises where there is no such item
            store_item(owner, known(index), value)
            return
        if not isinstance(owner, Array):
            raise UnsupportedError(f"{describe(owner).capitalize()} takes no item.")
        raise UnsupportedError(
            "Writing into part of an array is not supported yet.",
            suggestion="Build the new array with np.where or np.concatenate.",
        )

    def _augmented(self, statement: ast.AugAssign) -> None:
        target = statement.target
        if isinstance(target, ast.Attribute):
            self._bind(target, NONE)  # raises
            return
        owner: Value = NONE
        index: Value = NONE
        if isinstance(target, ast.Subscript):
            owner, index = self.evaluate(target.value), self.evaluate(target.slice)
            if not isinstance(owner, Items):
                self._store(target, NONE)  # raises
                return
            current = self.item(owner, index)
        else:
            current = self.evaluate(ast.copy_location(ast.Name(target.id, ast.Load()), target))
        value = self.evaluate(statement.value)
        self.trace.node = statement
        result = self._updated(current, type(statement.op), value)
        if isinstance(target, ast.Name):
            self.env[target.id] = result
            self._hint(result, target.id)
        elif isinstance(owner, Items):
            store_item(owner, known(index), result)

    def _updated(self, current: Value, op: type[ast.operator], value: Value) -> Value:
        """``current op= value``: in place for an array or a list, a new value for anything else."""
        if isinstance(current, Items) and current.kind is list and op is ast.Add:
            current.values += unpacked(value)
            current.keys[:] = range(len(current.values))
            return current
        if not isinstance(current, Array):
            return binary(self.trace, op, current, value)
        if op is ast.MatMult:
            raise UnsupportedError("@= is not supported.", suggestion="Write x = x @ w.")
        result = binary(self.trace, op, current, value)
        assert isinstance(result, Array | Scalar)
        in_place(self.trace, current, result)
        return current

    def _hint(self, value: Value, name: str) -> None:
        """Let a result bear the name that the user gave it."""
        atom = value.atom if isinstance(value, Array | Scalar) else None
        if isinstance(atom, Var) and atom.name == "t":
            self.trace.hints.setdefault(atom, name)

    # Other statements

    def _expression(self, statement: ast.Expr) -> None:
        if not isinstance(statement.value, ast.Constant):
            self.evaluate(statement.value)

    def _assert(self, statement: ast.Assert) -> None:
        test = self.evaluate(statement.test)
        self.trace.node = statement.test
        if isinstance(test, Condition):
            for left, right in test.pairs:
                self.trace.equate(left, right)
        elif not truth(self.trace, test):
            message = self.evaluate(statement.msg) if statement.msg else NONE
            raise AssertionError(known(message) if is_known(message) else describe(message))

    def _raise(self, statement: ast.Raise) -> None:
        error = self.evaluate(statement.exc) if statement.exc else NONE
        if isinstance(error, Known) and isinstance(error.value, type) and issubclass(error.value, BaseException):
            raise error.value
        if isinstance(error, Known) and isinstance(error.value, BaseException):
            raise error.value
        raise refusal(statement)

    def _import(self, statement: ast.Import) -> None:
        for alias in statement.names:
            module = self._module(alias.name)
            top = alias.name.partition(".")[0]
            self.env[alias.asname or top] = Known(module if alias.asname else self._module(top))

    def _import_from(self, statement: ast.ImportFrom) -> None:
        package = self.fn.__globals__.get("__package__") if statement.level else None
        module = self._module("." * statement.level + (statement.module or ""), package)
        for alias in statement.names:
            value = getattr(module, alias.name, None)
            if value is None:
                value = self._module(f"{module.__name__}.{alias.name}")
            library = module.__name__.partition(".")[0] in ("numpy", "math", "scipy", "mindast")
            if not (library or callable(value) or isinstance(value, ModuleType)):
                raise UnsupportedError(
                    f"{alias.name} is imported in the function's body: a change of it would not be seen.",
                    suggestion="Import it at the top of the file.",
                )
            self.env[alias.asname or alias.name] = Known(value)

    def _module(self, name: str, package: Any = None) -> ModuleType:
        try:
            return importlib.import_module(name, package)
        except ImportError as error:
            raise UnsupportedError(f"{error}.") from None

    def _pass(self, statement: ast.Pass) -> None:
        pass

    # Calls of Python functions

    def call_function(self, callee: Known, args: Sequence[Value], kwargs: Mapping[str, Value]) -> Value:
        """Inline a plain Python function, or the program of a transformed one."""
        obj = callee.value
        transforms = getattr(obj, "__mindast__", None)
        if transforms:
            if self.hook is None:
                raise unknown_call(obj)
            if kwargs:
                raise UnsupportedError("A transformed function takes positional arguments here.")
            return call_transformed(self.trace, self.hook, obj, args)
        function = obj.__wrapped__ if transforms is not None else obj
        if isinstance(function, MethodType) or not isinstance(function, FunctionType):
            raise unknown_call(function)
        if any(function.__code__ is f.__code__ for f in self.callers):
            raise UnsupportedError(
                f"{function.__name__} calls itself; recursion cannot be inlined.",
                suggestion="Write it without recursion.",
            )
        if len(self.callers) > DEEPEST:
            raise UnsupportedError(f"More than {DEEPEST} functions are inlined into each other.")
        span, node = self.trace.builder.span, self.trace.node
        result = Frame(self.trace, function, bind(function, args, kwargs), self.callers, self.hook).run()
        self.trace.builder.span, self.trace.node, self.trace.source = span, node, self.source
        return result


_STATEMENTS: dict[type[ast.stmt], Callable[[Frame, Any], None]] = {
    ast.Assign: Frame._assign, ast.AnnAssign: Frame._annotated, ast.AugAssign: Frame._augmented,
    ast.Expr: Frame._expression, ast.Assert: Frame._assert, ast.Raise: Frame._raise, ast.Import: Frame._import,
    ast.ImportFrom: Frame._import_from, ast.Pass: Frame._pass,
}  # fmt: skip
