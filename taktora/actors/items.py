"""An item as an actor: what the executor makes of an :class:`Item` once it is added."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

from taktora.actors.actor import PROXY_MESSAGES, Actor, ActorRef, Entry, handle_proxy
from taktora.actors.cell import Cell
from taktora.actors.context import Context, MessageContext
from taktora.actors.flow import ControlFlow
from taktora.actors.item import Item, adapt
from taktora.core.mailbox import Overflow, Wake
from taktora.core.stimuli import Failed, Restarted, Stimulus
from taktora.core.triggers import Fired
from taktora.errors import WrongType
from taktora.observe.observation import Observation

__all__ = ["Host", "ItemActor", "ItemCell", "ItemRef", "Rearm"]

logger = logging.getLogger("taktora")

Rearm = tuple[Any, Callable[[], bool], tuple[Fired, ...]]
"""A source with a ``drained`` flag, whether it holds more, and the firing that says so."""


class Host(Protocol):
    """What an item's actor needs of its executor."""

    observation: Observation

    def stop(self) -> None:
        """End the run."""


class ItemRef(ActorRef["ItemActor"]):
    """The handle of an item: ``tell``, ``ask``, ``proxy``, ``stop``, ``is_alive``. Any thread."""

    def __init__(self, actor: ItemActor) -> None:
        super().__init__(actor)
        self.item_id = actor.item_id
        self._actor_weakref = lambda: actor.item  # type: ignore[assignment]

    def __str__(self) -> str:
        return f"item {self.item_id!r}"

    def __repr__(self) -> str:
        return f"<ItemRef {self.item_id!r}{'' if self.is_alive() else ' (stopped)'}>"


class ItemActor(Actor):
    """The actor around an item."""

    def __init__(
        self,
        item: Item,
        item_id: str,
        host: Host,
        *,
        capacity: int,
        overflow: Overflow,
        factory: Callable[[], Item] | None,
    ) -> None:
        self.item = item
        self.first = item  # kept, so that nothing else gets its identity while this actor lives
        self.item_id = item_id
        self.host = host
        self.factory = factory
        self.flow = adapt(item.execute)
        super().__init__()
        self.actor_inbox.capacity = capacity
        self.actor_inbox.overflow = overflow

    def _create_ref(self) -> ItemRef:
        return ItemRef(self)

    def __str__(self) -> str:
        return f"item {self.item_id!r}"

    def call(self, ctx: Context) -> ControlFlow:
        """Run ``execute`` and hold it to its contract.

        Raises:
            WrongType: it returned something else than ``ControlFlow`` or ``None``.
        """
        flow = self.flow(ctx)
        return ControlFlow.CONTINUE if flow is None else self.check(flow)

    def check(self, flow: Any) -> ControlFlow:
        """``flow`` if that is what ``execute`` may return.

        Raises:
            WrongType: it is not, and the item is named.
        """
        if type(flow) is not ControlFlow:
            raise WrongType(
                f"execute of item {self.item_id!r} returned {flow!r} ({type(flow).__name__}); it "
                "must return ControlFlow.CONTINUE, ControlFlow.STOP_CHAIN or None"
            )
        return flow

    def on_start(self) -> None:
        """As the item's."""
        self.item.on_start()

    def on_stop(self) -> None:
        """As the item's."""
        self.item.on_stop()

    def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:
        """As the item's."""
        self.item.on_failure(exception_type, exception_value, traceback)

    def rebuild(self) -> None:
        """Start over with a new item from the factory, or with ``item.reset()``."""
        if self.factory is not None:
            item = self.factory()
            if not isinstance(item, Item):
                raise WrongType(f"the factory of item {self.item_id!r} returned {item!r}, no Item")
            self.flow = adapt(item.execute)
            self.item = item
            item.on_start()
        else:
            self.item.reset()  # type: ignore[attr-defined]  # checked when it was added


class ItemCell(Cell):
    """Runs one item: wake-ups as ``execute``, messages as ``on_receive``."""

    __slots__ = ("item_actor", "observation", "on_rearm", "rearm")

    item_actor: ItemActor

    def __init__(self, actor: ItemActor, *, throughput: int, inline: bool) -> None:
        super().__init__(actor, actor.item_id, throughput=throughput, inline=inline)
        self.item_actor = actor
        self.observation = actor.host.observation
        self.rearm: tuple[Rearm, ...] = ()
        self.on_rearm: Callable[[tuple[Fired, ...]], None] | None = None

    def _wake(self, wake: Wake, began: int) -> BaseException | None:
        fired = wake.fired
        ctx = Context(self.item_actor, fired, began)
        error: BaseException | None = None
        if self.observation.on:
            error = self.observation.around(
                self.item_actor.item, self.actor_id, self.item_actor.call, ctx
            )
        else:
            try:
                flow = self.item_actor.flow(ctx)
                if flow is not None:
                    self.item_actor.check(flow)
            except BaseException as raised:  # noqa: BLE001  # supervision decides, on the driver
                error = raised
        for source, more, again in self.rearm:
            if not source.drained:  # it took something and did not look whether that was all
                source.drained = True
                if more():
                    self.inbox.wake(again)
        if self.on_rearm is not None:
            self.on_rearm(fired)
        pace = self.counters.pace
        if pace is not None:
            pace.note(fired, began)
        return error

    def _receive(self, entry: Entry, began: int) -> BaseException | None:
        message, promise = entry
        actor = self.item_actor
        try:
            if type(message) in PROXY_MESSAGES:
                response = handle_proxy(actor.item, message)
            elif self.observation.on:
                response = self._observed(message, began)
            else:
                response = actor.item.on_receive(message, MessageContext(actor, message, began))
        except BaseException as error:  # noqa: BLE001  # to the asker, or supervision decides
            return self._raised(promise, error)
        if promise is not None:
            return self._reply(promise.set, response)
        return None

    def _observed(self, message: Any, began: int) -> Any:
        actor = self.item_actor
        answer: list[Any] = []
        error = self.observation.around(
            actor.item,
            self.actor_id,
            lambda ctx: answer.append(actor.item.on_receive(message, ctx)),
            MessageContext(actor, message, began),
        )
        if error is not None:
            raise error
        return answer[0]

    def restart(self) -> Stimulus:
        """Obey ``Restart``: build the item anew; what to report."""
        try:
            self.item_actor.rebuild()
        except BaseException as error:  # noqa: BLE001  # supervision decides again
            return Failed(self.actor_id, error)
        return Restarted(self.actor_id)

    def _start_failed(self, error: BaseException) -> Stimulus:
        return Failed(self.actor_id, error)  # as in pykka, on_failure is only for what came later

    def _report(self, error: BaseException) -> Stimulus:
        """A failing item stays an actor; supervision decides about it."""
        info = (type(error), error, error.__traceback__)
        try:
            self.item_actor.on_failure(*info)
        except BaseException:  # a hook must not take a worker down
            logger.exception("on_failure of %s raised", self.item_actor)
        return Failed(self.actor_id, error)


def has_reset(item: Item) -> bool:
    """Whether ``item`` can be restarted in place."""
    return callable(getattr(item, "reset", None))
