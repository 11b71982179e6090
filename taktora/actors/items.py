"""An item as an actor: what the executor makes of an :class:`Item` once it is added."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

from taktora.actors.actor import PROXY_MESSAGES, Actor, ActorRef, Entry, handle_proxy
from taktora.actors.context import Context, MessageContext
from taktora.actors.flow import ControlFlow
from taktora.actors.item import Item, adapt
from taktora.actors.watched import WatchedCell
from taktora.core.budgets import Fault
from taktora.core.identity import ItemId
from taktora.core.mailbox import Overflow, Wake
from taktora.core.stimuli import Failed, Restarted, Stimulus
from taktora.errors import WrongType
from taktora.observe.observation import Observation
from taktora.time import Nanos

__all__ = ["Host", "ItemActor", "ItemCell", "ItemRef"]

logger = logging.getLogger("taktora")


class Host(Protocol):
    """What an item's actor needs of its executor."""

    observation: Observation

    def stop(self) -> None:
        """End the run."""

    def clear_fault(self, item_id: str | None = None) -> None:
        """End the fault of an item, or the executor's own."""


class ItemRef(ActorRef["ItemActor"]):
    """The handle of an item: ``tell``, ``ask``, ``proxy``, ``stop``, ``is_alive``. Any thread."""

    def __init__(self, actor: ItemActor) -> None:
        super().__init__(actor)
        self.item_id = actor.item_id
        self._actor_weakref = lambda: actor.item  # type: ignore[assignment]

        self._host = actor.host
        self._cell: ItemCell | None = None

    def bind(self, cell: ItemCell) -> None:
        """Called by the cell that runs the item."""
        self._cell = cell

    def __str__(self) -> str:
        return f"item {self.item_id!r}"

    def __repr__(self) -> str:
        return f"<ItemRef {self.item_id!r}{'' if self.is_alive() else ' (stopped)'}>"

    @property
    def fault(self) -> Fault | None:
        """Why the item does not run any more, if it broke its budget. Any thread."""
        return None if self._cell is None else self._cell.fault

    def clear_fault(self) -> None:
        """Let the item run again after it broke its budget; nothing if it did not. Any thread.

        Takes effect with the driver's next turn. ``overruns`` in the statistics stays.
        """
        if self.is_alive():
            self._host.clear_fault(self.item_id)


class ItemActor(Actor):
    """The actor around an item."""

    def __init__(
        self,
        item: Item,
        item_id: ItemId,
        host: Host,
        *,
        capacity: int,
        overflow: Overflow,
        factory: Callable[[], Item] | None,
        handler: Item | None = None,
    ) -> None:
        self.item: Item
        self.first = item  # kept, so that nothing else gets its identity while this actor lives
        self.item_id = item_id
        self.host = host
        self.factory = factory
        self.handler = handler
        self.flow: Callable[[Any], Any]
        self.handler_flow = None if handler is None else adapt(handler.execute)
        self.receive: Callable[[Any, Any], Any]
        self.fit(item)
        super().__init__()
        self.actor_inbox.capacity = capacity
        self.actor_inbox.overflow = overflow

    def _create_ref(self) -> ItemRef:
        return ItemRef(self)

    def __str__(self) -> str:
        return f"item {self.item_id!r}"

    def fit(self, item: Item) -> None:
        """Have executions and messages go to ``item``. A simulation puts itself around it."""
        self.flow = adapt(item.execute)
        self.receive = item.on_receive
        self.item = item

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
        if self.handler is not None:
            self.handler.on_start()
        self.item.on_start()

    def on_stop(self) -> None:
        """As the item's."""
        try:
            self.item.on_stop()
        finally:
            if self.handler is not None:
                self.handler.on_stop()

    def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:
        """As the item's."""
        self.item.on_failure(exception_type, exception_value, traceback)

    def rebuild(self) -> None:
        """Start over with a new item from the factory, or with ``item.reset()``."""
        if self.factory is not None:
            item = self.factory()
            if not isinstance(item, Item):
                raise WrongType(f"the factory of item {self.item_id!r} returned {item!r}, no Item")
            self.fit(item)
            item.on_start()
        else:
            self.item.reset()  # type: ignore[attr-defined]  # checked when it was added


class ItemCell(WatchedCell):
    """Runs one item: wake-ups as ``execute``, messages as ``on_receive``."""

    __slots__ = ("item_actor", "observation", "stopped")

    item_actor: ItemActor
    stopped: bool
    """The latest execution wants nothing of its chain or graph to follow."""

    def __init__(self, actor: ItemActor, *, throughput: int, inline: bool) -> None:
        super().__init__(actor, actor.item_id, throughput=throughput, inline=inline)
        self.item_actor = actor
        self.observation = actor.host.observation
        self.stopped = False
        actor.actor_ref.bind(self)

    def _wake(self, wake: Wake, began: int) -> BaseException | None:
        fired = wake.fired
        ctx = Context(self.item_actor, fired, began)
        error = self.perform(ctx)
        if self.rearm or self.on_rearm is not None:
            self.look_again(fired)
        pace = self.counters.pace
        if pace is not None and self.ran:
            pace.note(fired, began)
        return error

    def perform(self, ctx: Context) -> BaseException | None:
        """Run ``execute``, or the fault handler, or nothing; what was raised, if anything.

        Afterwards :attr:`stopped` says whether it wants nothing to follow, :attr:`ran` whether
        there was anything to run.
        """
        self.stopped = False
        if self.observation.on or self.fault is not None or self.switch.fault is not None:
            return self._perform_watched(ctx)
        try:
            flow = self.item_actor.flow(ctx)
            if flow is not None:
                self.stopped = self.item_actor.check(flow) is ControlFlow.STOP_CHAIN
        except BaseException as raised:  # noqa: BLE001  # supervision decides, on the driver
            return raised
        return None

    def _perform_watched(self, ctx: Context) -> BaseException | None:
        """The same where somebody looks on, or a fault is in the way."""
        work, who = self._execute, self.item_actor.item
        if self.fault is not None or self.switch.fault is not None:
            if self.item_actor.handler is None:
                self.stopped, self.ran = True, False
                return None
            work, who = self._handle_fault, self.item_actor.handler
        return self.observation.around(who, self.actor_id, work, ctx)

    def _execute(self, ctx: Context) -> None:
        flow = self.item_actor.flow(ctx)
        if flow is not None:
            self.stopped = self.item_actor.check(flow) is ControlFlow.STOP_CHAIN

    def _handle_fault(self, ctx: Context) -> None:
        handle = self.item_actor.handler_flow
        assert handle is not None
        flow = handle(ctx)
        if flow is not None:
            self.stopped = self.item_actor.check(flow) is ControlFlow.STOP_CHAIN

    def _receive(self, entry: Entry, began: int) -> BaseException | None:
        message, promise = entry
        actor = self.item_actor
        try:
            if type(message) in PROXY_MESSAGES:
                response = handle_proxy(actor.item, message)
            elif self.observation.on:
                response = self._observed(message, began)
            else:
                response = actor.receive(message, MessageContext(actor, message, began))
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
            lambda ctx: answer.append(actor.receive(message, ctx)),
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

    def _report(self, error: BaseException, overran: Nanos = 0) -> Stimulus:
        """A failing item stays an actor; supervision decides about it."""
        self.note_failure(error)
        return Failed(self.actor_id, error, overran=overran)

    def note_failure(self, error: BaseException) -> None:
        """Call the item's ``on_failure``."""
        info = (type(error), error, error.__traceback__)
        try:
            self.item_actor.on_failure(*info)
        except BaseException:  # a hook must not take a worker down
            logger.exception("on_failure of %s raised", self.item_actor)


def has_reset(item: Item) -> bool:
    """Whether ``item`` can be restarted in place."""
    return callable(getattr(item, "reset", None))
