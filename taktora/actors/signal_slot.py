"""Signal and slot: two ready-made items, one that sends on a topic and one that receives from it.

::

    signal, slot = signal_slot.pair(executor, "speed", ctypes.c_double)

    @signal.before_send
    def measure(payload):
        payload.value = read_sensor()

    @slot.after_recv
    def show(payload):
        print(payload.value)

Put them where an item can be: added as they are, in a chain, in a graph. Signal and slot of one
topic may live in different executors and processes: each side makes a pair and uses its half.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from taktora.actors.declare import TriggerDeclarer
from taktora.actors.flow import ControlFlow
from taktora.actors.hooks import checked_hook, says_no
from taktora.actors.item import Item
from taktora.errors import WrongType

if TYPE_CHECKING:
    from taktora.actors.context import Context
    from taktora.ipc import NotifyOutcome

__all__ = ["SignalItem", "SlotItem", "TakePolicy", "pair"]

Hook = TypeVar("Hook", bound=Callable[[Any], object])


class TakePolicy(enum.Enum):
    """How much a slot takes in one execution."""

    SINGLE = "single"
    """The oldest payload. What else waits wakes the slot again."""
    ALL = "all"
    """Everything that waits, oldest first."""


class HasChannels(Protocol):
    """An executor or a node."""

    def channel(self, name: str, payload_type: Any, **limits: Any) -> Any:
        """Open or create a channel."""
        ...


def pair(
    executor: HasChannels, topic: str, payload_type: Any, **limits: Any
) -> tuple[SignalItem, SlotItem]:
    """A signal and a slot on the channel ``topic``, not added yet.

    Args:
        executor: whose channel it is; a ``Node`` will do too.
        topic: name of the channel.
        payload_type: a ctypes structure or scalar, ``bytes`` or a numpy dtype.
        limits: as for ``executor.channel``.

    Raises:
        WrongType: ``executor`` has no channels.
        ChannelError: as ``executor.channel``; no port is left behind.
    """
    if not callable(getattr(executor, "channel", None)):
        raise WrongType(f"pair takes an Executor or a Node first, not {executor!r}")
    channel = executor.channel(topic, payload_type, **limits)
    publisher = channel.publisher()
    try:
        subscriber = channel.subscriber()
    except BaseException:
        publisher.close()
        raise
    return SignalItem(publisher, payload_type), SlotItem(subscriber)


class SignalItem(Item):
    """Sends one payload per execution; made by :func:`pair`.

    Its result is ``CONTINUE`` when the payload was sent, else ``STOP_CHAIN``: the hook said no,
    or the channel does not overflow and every subscriber was full. It has no triggers of its own:
    what precedes it in a chain starts it, or a message to its ref.
    """

    def __init__(self, publisher: Any, payload_type: Any) -> None:
        """``publisher`` is one of a channel of ``payload_type``."""
        self.publisher = publisher
        """Where it sends."""
        self._bytes = payload_type is bytes
        self._fill: Callable[[Any], object] | None = None

    def before_send(self, fn: Hook) -> Hook:
        """Have ``fn(payload)`` write each payload before it is sent; also as a decorator.

        ``payload`` is zeroed shared memory: a ctypes instance (set ``.value`` of a scalar) or an
        ndarray, not to be used after ``fn`` returns. Bytes have no size yet: there it is an empty
        ``bytearray`` to extend, and ``fn`` may return other bytes to send instead.

        Returning exactly ``False`` (numpy's counts) sends nothing and ends a chain here. When
        ``fn`` raises, nothing is sent and the item fails. Without a hook the payload is sent as
        it is: zeroed, or empty. Any thread; counts from the next execution. Returns ``fn``.

        Raises:
            WrongType: not a plain function of one argument.
        """
        self._fill = checked_hook(fn, "before_send", "the payload")
        return fn

    def execute(self, ctx: Context) -> ControlFlow:  # noqa: ARG002  # whoever calls it has one
        """Send one payload."""
        outcome = self._send_bytes() if self._bytes else self.publisher.loan_send(self._write)
        return (
            ControlFlow.CONTINUE if outcome is not None and outcome.sent else ControlFlow.STOP_CHAIN
        )

    def reset(self) -> None:
        """Nothing to do: a restart finds no state."""

    def _write(self, payload: Any) -> bool:
        fill = self._fill
        return fill is None or not says_no(fill(payload))

    def _send_bytes(self) -> NotifyOutcome | None:
        payload, fill = bytearray(), self._fill
        answer = None if fill is None else fill(payload)
        if says_no(answer):
            return None
        chosen = payload if answer is None or answer is True else answer
        return self.publisher.send_copy(chosen)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"<SignalItem to {self.publisher.name!r}>"


class SlotItem(Item):
    """Wakes on data and takes it; made by :func:`pair` or :meth:`from_subscriber`.

    Its result is ``CONTINUE`` when it took something, ``STOP_CHAIN`` when nothing was there or
    the hook said no.
    """

    def __init__(self, subscriber: Any) -> None:
        """As :meth:`from_subscriber`."""
        TriggerDeclarer("SlotItem").subscriber(subscriber)  # the errors come now, not when added
        self.subscriber = subscriber
        """What it takes from."""
        self._seen: Callable[[Any], object] | None = None
        self._policy = TakePolicy.SINGLE

    @classmethod
    def from_subscriber(cls, subscriber: Any) -> Self:
        """A slot that takes from a subscriber that you have.

        Raises:
            WrongType: not a subscriber.
            PortClosed: it is closed.
        """
        return cls(subscriber)

    def after_recv(self, fn: Hook) -> Hook:
        """Have ``fn(payload)`` see each payload that was taken; also as a decorator.

        Returning exactly ``False`` (numpy's counts) is ``STOP_CHAIN`` at once: that payload is
        taken, the rest stays queued and wakes the slot again. When ``fn`` raises, the item fails
        and the rest stays queued. ``payload`` is read-only, as a sample's. Any thread; counts
        from the next execution. Returns ``fn``.

        Raises:
            WrongType: not a plain function of one argument.
        """
        self._seen = checked_hook(fn, "after_recv", "the payload")
        return fn

    def take(self, policy: TakePolicy) -> Self:
        """Take one payload per execution (``SINGLE``, the default) or everything (``ALL``).

        Any thread; counts from the next execution. Returns the slot.

        Raises:
            WrongType: not a ``TakePolicy``.
        """
        if not isinstance(policy, TakePolicy):
            raise WrongType(f"take takes TakePolicy.SINGLE or TakePolicy.ALL, not {policy!r}")
        self._policy = policy
        return self

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        """Wake on data."""
        on.subscriber(self.subscriber)

    def execute(self, ctx: Context) -> ControlFlow:  # noqa: ARG002  # whoever calls it has one
        """Take, as the policy says."""
        flow = self._take_one()
        if flow is ControlFlow.CONTINUE and self._policy is TakePolicy.ALL:
            while (more := self._take_one()) is not None:
                if more is ControlFlow.STOP_CHAIN:
                    return more
        return flow or ControlFlow.STOP_CHAIN

    def reset(self) -> None:
        """Nothing to do: a restart finds no state."""

    def _take_one(self) -> ControlFlow | None:
        """Take and show one payload; ``None`` when there was none.

        The sample is let go on return, before the next is taken: ``max_borrowed=1`` is enough.
        """
        sample = self.subscriber.take()
        if sample is None:
            return None
        if self._seen is not None and says_no(self._seen(sample.payload)):
            return ControlFlow.STOP_CHAIN
        return ControlFlow.CONTINUE

    def __repr__(self) -> str:
        return f"<SlotItem from {self.subscriber.name!r}, {self._policy.value}>"
