"""Items: the unit of work that users write, and short ways to make one from a function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from taktora.actors.declare import TriggerDeclarer
from taktora.actors.flow import ControlFlow
from taktora.actors.node import Composable
from taktora.core.triggers import MissedTick
from taktora.errors import WrongType
from taktora.time import Duration, to_nanos

if TYPE_CHECKING:
    from taktora.actors.context import Context

__all__ = ["FunctionItem", "Item", "adapt", "every", "item", "on"]

Execute = Callable[..., ControlFlow | None]
"""``execute(ctx)`` or ``execute()``."""


class Item(Composable):
    """A unit of work. Subclass it, override :meth:`execute`, add it to an ``Executor``.

    Once added it is an actor: it has a mailbox and a ref, and runs on at most one thread at a
    time, so its attributes need no lock as long as only its own methods touch them.
    """

    item_id: str | None = None
    """Class attribute, instance attribute or property. ``None``: the executor assigns one."""
    app_id: int | None = None
    """When set, the observer gets ``on_app_start`` and ``on_app_stop`` for each execution."""
    app_instance_id: int | None = None
    """Passed on to ``on_app_start``."""
    publishes: tuple[Any, ...] | None = None
    """What it sends to, for ``executor.topology()``: publishers, clients, channels, services or
    names. ``None``: whatever can be seen in its attributes and functions."""

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        """Say what wakes the item. Called once, when it is added."""

    if TYPE_CHECKING:  # with or without the context: both are overrides in the type checker's eyes
        execute: Callable[..., ControlFlow | None]
    else:

        def execute(self, ctx):
            """Do the work; called once per wake-up. ``execute(self)`` without ``ctx`` is fine too.

            Returns ``ControlFlow.CONTINUE``, ``ControlFlow.STOP_CHAIN`` or ``None`` (CONTINUE).
            """

    def on_receive(self, message: Any, ctx: Context) -> Any:  # noqa: ARG002  # for overriding
        """Handle a message told or asked through the ref; the return value answers an ask.

        The default runs :meth:`execute` with a trigger of kind ``"message"``, whose ``source`` is
        the message, and answers ``None``.
        """
        ctx.execute_item()

    def on_start(self) -> None:
        """Called once, on the driver thread, before the first execution."""

    def on_stop(self) -> None:
        """Called once, when the item is stopped or removed or the executor is closed."""

    def on_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: Any,
    ) -> None:
        """Called after an execution or a told message raised, before supervision decides."""


class FunctionItem(Item):
    """An item made from callables; see :func:`item`, :func:`every` and :func:`on`."""

    def __init__(
        self,
        execute: Execute,
        *,
        triggers: Callable[[TriggerDeclarer], object] | None = None,
        id: str | None = None,
        app_id: int | None = None,
        app_instance_id: int | None = None,
    ) -> None:
        if not callable(execute):
            raise WrongType(f"execute must be callable, not {execute!r}")
        if triggers is not None and not callable(triggers):
            raise WrongType(f"triggers must be callable (it gets the declarer), not {triggers!r}")
        if id is not None and not isinstance(id, str):
            raise WrongType(f"id must be a string, not {id!r}")
        for what, number in (("app_id", app_id), ("app_instance_id", app_instance_id)):
            if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
                raise WrongType(f"{what} must be an integer or None, not {number!r}")
        self._execute = adapt(execute)
        self._triggers = triggers
        self.__wrapped__ = execute  # where functools.wraps leaves it too
        self.item_id = id
        self.app_id = app_id
        self.app_instance_id = app_instance_id

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        """Hand the declarer to the ``triggers`` callable."""
        if self._triggers is not None:
            self._triggers(on)

    def execute(self, ctx: Context) -> ControlFlow | None:
        """Call the function."""
        return self._execute(ctx)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The plain function, for a test or another item."""
        return self.__wrapped__(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Item {getattr(self.__wrapped__, '__qualname__', self.__wrapped__)!s}>"


def item(
    execute: Execute,
    *,
    triggers: Callable[[TriggerDeclarer], object] | None = None,
    id: str | None = None,
    app_id: int | None = None,
) -> Item:
    """An item from callables: ``triggers(on)`` declares what wakes it, ``execute(ctx)`` works.

    Raises:
        WrongType: something is not callable, or ``id`` is not a string.
    """
    return FunctionItem(execute, triggers=triggers, id=id, app_id=app_id)


def every(
    period: Duration, *, missed: MissedTick = MissedTick.SKIP, id: str | None = None
) -> Callable[[Execute], FunctionItem]:
    """Decorator: the function becomes an item that runs on an interval of ``period``.

    Raises:
        InvalidArgument: a period that is not positive and finite.
        WrongType: ``period`` is no duration, or ``missed`` no ``MissedTick``.
    """
    to_nanos(period, what="period")
    if not isinstance(missed, MissedTick):
        raise WrongType(f"missed must be a MissedTick, not {missed!r}")

    def decorate(function: Execute) -> FunctionItem:
        return FunctionItem(function, triggers=lambda on: on.interval(period, missed=missed), id=id)

    return decorate


def on(*sources: Any, id: str | None = None) -> Callable[[Execute], FunctionItem]:
    """Decorator: the function becomes an item that runs when one of ``sources`` fires.

    A source is a subscriber, server, client, raw iceoryx2 listener or file descriptor.

    Raises:
        WrongType: something that cannot wake an item.
    """
    if not sources:
        raise WrongType("on() needs at least one subscriber, server, client, listener or fd")
    trial = TriggerDeclarer("@on(...)")
    for source in sources:
        trial.source(source)

    def declare(declarer: TriggerDeclarer) -> None:
        for source in sources:
            declarer.source(source)

    def decorate(function: Execute) -> FunctionItem:
        return FunctionItem(function, triggers=declare, id=id)

    return decorate


def adapt(execute: Execute) -> Callable[[Any], ControlFlow | None]:
    """``execute`` as a function of exactly one argument, the context.

    Raises:
        WrongType: it is a coroutine function, or needs something else than at most a context.
    """
    name = getattr(execute, "__qualname__", repr(execute))
    call = getattr(type(execute), "__call__", None)  # noqa: B004  # of an object that is called
    if any(map(inspect.iscoroutinefunction, (execute, call))) or any(
        map(inspect.isasyncgenfunction, (execute, call))
    ):
        raise WrongType(
            f"{name} is async; an item's execute is a plain function (run an event loop in a "
            "thread of its own and tell the item from it)"
        )
    try:
        signature = inspect.signature(execute)
    except (TypeError, ValueError):  # some builtins have none; they get the context
        return execute
    try:
        signature.bind(None)
    except TypeError:
        try:
            signature.bind()
        except TypeError:
            raise WrongType(f"{name}{signature} must take the context, or nothing") from None
        return lambda _ctx: execute()
    first = next(iter(signature.parameters.values()))
    if first.kind is not first.VAR_POSITIONAL and first.default is not first.empty:
        return lambda _ctx: execute()  # lambda n=n: ...: the default is a captured value
    return execute
