"""What one execution may know about itself and ask of its surroundings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from taktora.core.triggers import Fired
from taktora.errors import WrongType
from taktora.time import Nanos

if TYPE_CHECKING:
    from taktora.actors.actor import ActorRef, Home
    from taktora.actors.items import ItemActor, ItemRef

__all__ = ["Context", "MessageContext"]


class Context:
    """Handed to ``execute`` and ``on_receive``; belongs to that one execution."""

    __slots__ = ("_actor", "now_ns", "triggers")

    in_run: ClassVar[bool] = False
    """Whether this is a node's part in a run of its chain or graph."""
    now_ns: Nanos
    """When this execution began; monotonic nanoseconds."""
    triggers: tuple[Fired, ...]
    """Everything that fired since the last execution began, first firing first."""

    def __init__(self, actor: ItemActor, triggers: tuple[Fired, ...], now_ns: Nanos) -> None:
        self._actor = actor
        self.triggers = triggers
        self.now_ns = now_ns

    @property
    def item_id(self) -> str:
        """The id of the item that executes."""
        return self._actor.item_id

    @property
    def scheduled_ns(self) -> Nanos | None:
        """The grid slot of the interval tick that woke the item, else ``None``; monotonic ns.

        ``now_ns - scheduled_ns`` is the lateness. With several intervals: the earliest slot.
        """
        slots = [f.scheduled_ns for f in self.triggers if f.kind == "interval"]
        return min((slot for slot in slots if slot is not None), default=None)

    @property
    def self_ref(self) -> ItemRef:
        """The ref of the item that executes: to tell itself, or to hand out."""
        return self._actor.actor_ref  # type: ignore[no-any-return]

    def stop_executor(self) -> None:
        """End the run once the running executions have finished."""
        self._actor.host.stop()

    def send_event(self, event: Any) -> None:
        """Hand ``event`` to the observer's ``on_send_event``."""
        self._actor.host.observation.event(self._actor.item_id, event)

    def watch(self, ref: ActorRef[Any]) -> None:
        """Have ``on_receive`` called with ``Terminated`` once the actor behind ``ref`` has ended.

        At once if it has. It may live in another executor. Twice is as once.

        Raises:
            WrongType: not the ref of an actor that an executor runs.
        """
        self._home_of(ref).watch(self.self_ref, ref)

    def unwatch(self, ref: ActorRef[Any]) -> None:
        """Watch it no longer; what is in the mailbox already stays there."""
        self._home_of(ref).unwatch(self.self_ref, ref)

    @staticmethod
    def _home_of(ref: Any) -> Home:
        home = getattr(ref, "home", None)
        if home is None:
            raise WrongType(f"only the ref of an actor in an executor can be watched, not {ref!r}")
        return home  # type: ignore[no-any-return]

    @property
    def input(self) -> Any:
        """In a chain or graph: what the node before emitted; with several before it, a tuple in the
        order of the edges. For the first node the message that began the run, if one did. Else
        ``None``.
        """
        return None

    def emit(self, value: Any) -> None:
        """Hand ``value`` to the nodes that follow in the chain or graph, as their ``input``.

        The last call counts. An item that nothing follows emits to nobody.
        """

    def execute_item(self) -> Any:
        """Run the item's ``execute`` with this context (what the default ``on_receive`` does)."""
        return self._actor.call(self)

    def __repr__(self) -> str:
        kinds = ", ".join(fired.kind for fired in self.triggers)
        return f"<Context of {self.item_id!r}: {kinds}>"


class MessageContext(Context):
    """The context of ``on_receive``: makes its trigger only when somebody looks at it."""

    __slots__ = ("_message",)

    def __init__(self, actor: ItemActor, message: Any, now_ns: Nanos) -> None:
        self._actor = actor
        self._message = message
        self.now_ns = now_ns

    def __getattr__(self, name: str) -> Any:
        if name != "triggers":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self.triggers = (Fired("message", self._message),)
        return self.triggers
