"""What an item sends to, as far as that can be seen without running it.

Its publishers and service clients are looked for in its attributes (lists, tuples, sets and
dicts included), in the attributes of its class, and in its functions: closures, defaults, and the
globals that their code loads. Functions found on the way are looked into as well; of global ones,
those of the same module. What it is handed in a message, makes while it runs, or reaches through
another object is not seen; an item may say it instead: ``publishes = (publisher, ...)``.
"""

from __future__ import annotations

import dis
import functools
import types
from collections.abc import Iterator
from typing import Any, Final

from taktora.errors import WrongType

__all__ = ["outlets"]

_ROLES: Final = frozenset({"publisher", "client"})
_NOT_SENDING: Final = frozenset({"declare_triggers", "_triggers", "__init__", "__new__"})
"""A client in there is what wakes the item, and a list of publishers what it may be made from."""
_CALLABLES: Final = (types.FunctionType, types.MethodType, functools.partial)


def outlets(subject: Any) -> tuple[Any, ...]:
    """What ``subject`` says in ``publishes``; else the publishers and clients that can be seen.

    Any thread, also while it runs.

    Raises:
        WrongType: ``publishes`` is no tuple, or holds something without a name.
    """
    stated = getattr(subject, "publishes", None)
    if stated is None or callable(stated):
        return tuple(_Search().found(subject))
    if not isinstance(stated, tuple | list):
        raise WrongType(f"publishes of {subject!r} must be a tuple of publishers, not {stated!r}")
    for one in stated:
        if not isinstance(one if isinstance(one, str) else getattr(one, "name", None), str):
            raise WrongType(
                f"publishes of {subject!r} holds {one!r}; give publishers, clients, channels, "
                "services or their names"
            )
    return tuple(stated)


class _Search:
    """Looks at every object once."""

    def __init__(self) -> None:
        self._seen: dict[int, Any] = {}  # the objects too: an id is only unique among the living

    def found(self, subject: Any) -> Iterator[Any]:
        """The outlets of an item or actor."""
        if id(subject) in self._seen:
            return
        self._seen[id(subject)] = subject
        for value in _attributes(subject):
            yield from self._value(value)
        wrapped = getattr(subject, "__wrapped__", None)
        if wrapped is not None and not isinstance(wrapped, _CALLABLES):
            yield from self.found(wrapped)  # an item around another one

    def _value(self, value: Any) -> Iterator[Any]:
        if id(value) in self._seen:
            return
        if getattr(type(value), "role", None) in _ROLES:
            self._seen[id(value)] = value
            yield value
        elif isinstance(value, list | tuple | set | frozenset | dict):
            self._seen[id(value)] = value
            for one in list(value.values() if isinstance(value, dict) else value):
                yield from self._value(one)
        elif isinstance(value, staticmethod | classmethod):
            yield from self._value(value.__func__)
        elif isinstance(value, types.FunctionType):
            self._seen[id(value)] = value
            yield from self._function(value)
        elif isinstance(value, types.MethodType):
            yield from self.found(value.__self__)
            yield from self._value(value.__func__)
        elif isinstance(value, functools.partial):
            for one in (value.func, *value.args, *value.keywords.values()):
                yield from self._value(one)

    def _function(self, function: types.FunctionType) -> Iterator[Any]:
        for cell in function.__closure__ or ():
            try:
                yield from self._value(cell.cell_contents)
            except ValueError:  # the variable has no value yet
                continue
        for default in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            yield from self._value(default)
        here = function.__globals__
        for name in _globals_of(function.__code__):
            value = here.get(name)
            if isinstance(value, types.FunctionType) and value.__globals__ is not here:
                continue  # a library's
            yield from self._value(value)


def _attributes(subject: Any) -> Iterator[Any]:
    """The values in an object and in the classes that its author wrote; no property is called."""
    own = getattr(subject, "__dict__", {})
    for name, value in list(own.items()):
        if name not in _NOT_SENDING:
            yield value
    for kind in type(subject).__mro__:
        if kind is object or kind.__module__.partition(".")[0] in ("taktora", "pykka"):
            continue
        for name, value in list(vars(kind).items()):
            if isinstance(value, types.MemberDescriptorType):
                yield getattr(subject, name, None)  # a slot
            elif name not in _NOT_SENDING and name not in own:
                yield value


def _globals_of(code: types.CodeType) -> Iterator[str]:
    """Names of the globals that a function, or one written inside it, loads."""
    for step in dis.get_instructions(code):
        if step.opname == "LOAD_GLOBAL":
            yield step.argval
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _globals_of(constant)
