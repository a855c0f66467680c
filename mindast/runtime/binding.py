"""Binding a call's arguments to parameters the way Python does, without `inspect` on the ordinary path."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

_MISSING = object()


class Binder:
    """Turns ``(*args, **kwargs)`` into one value per parameter, in the order of the signature.

    Defaults are filled in; ``*args`` becomes a tuple and ``**kwargs`` a dict. Errors are Python's own TypeErrors.
    """

    __slots__ = ("_defaults", "_name", "_plain", "_positional", "count", "names", "signature")

    def __init__(self, signature: inspect.Signature, name: str = "function") -> None:
        kinds = inspect.Parameter
        parameters = tuple(signature.parameters.values())
        self.signature = signature
        self.names = tuple(signature.parameters)
        self._name = name
        self._defaults = tuple([_MISSING if p.default is kinds.empty else p.default for p in parameters])
        self._positional = sum(p.kind is kinds.POSITIONAL_OR_KEYWORD for p in parameters)
        self.count = self._positional if self._positional == len(parameters) else -1  # -1: always bind
        self._plain = all(p.kind in (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY) for p in parameters)

    @classmethod
    def of(cls, fn: Callable[..., Any]) -> Binder:
        """The binder of `fn`."""
        return cls(inspect.signature(fn), fn.__name__)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """One value per parameter. TypeError as the call of the plain function would raise it."""
        if self._plain and len(args) <= self._positional:
            given = len(args)
            values = list(args)
            used = 0
            for name, default in zip(self.names[given:], self._defaults[given:], strict=True):
                value = kwargs.get(name, _MISSING)
                if value is not _MISSING:
                    used += 1
                elif default is not _MISSING:
                    value = default
                else:
                    break
                values.append(value)
            else:
                if used == len(kwargs):
                    return tuple(values)
        return self._carefully(args, kwargs)

    def _carefully(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self._name}() {error}") from None
        bound.apply_defaults()
        return tuple([bound.arguments[name] for name in self.names])
