"""How an item says what wakes it."""

from __future__ import annotations

import os
import select
import sys
from typing import Any, Self

from taktora.core.triggers import (
    ClientTrigger,
    DeadlineTrigger,
    FdTrigger,
    IntervalTrigger,
    ListenerTrigger,
    MissedTick,
    ServerTrigger,
    SubscriberTrigger,
    Trigger,
)
from taktora.errors import InvalidTrigger, PortClosed, WrongType
from taktora.time import Duration, Nanos, to_nanos

__all__ = ["TriggerDeclarer"]


class TriggerDeclarer:
    """Collects the triggers of one item; every method returns the declarer, so calls chain."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._triggers: list[Trigger] = []
        self.budget_ns: Nanos = 0
        """The budget that was declared; 0: none."""

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """What was declared so far."""
        return tuple(self._triggers)

    def __repr__(self) -> str:
        return f"<TriggerDeclarer of {self._owner}: {len(self._triggers)} triggers>"

    def subscriber(self, subscriber: Any) -> Self:
        """Wake the item when data arrives on ``subscriber``."""
        return self._add(SubscriberTrigger(self._port(subscriber, "subscriber")))

    def interval(self, period: Duration, missed: MissedTick = MissedTick.SKIP) -> Self:
        """Wake the item on the executor's time grid, every ``period``.

        ``missed`` says what happens to slots that passed while the item could not run.

        Raises:
            InvalidArgument: not a positive, finite duration.
        """
        if not isinstance(missed, MissedTick):
            raise WrongType(f"{self._owner}: missed must be a MissedTick, not {missed!r}")
        nanos = to_nanos(period, what=f"{self._owner}: period")
        return self._add(IntervalTrigger(period, nanos, missed))

    def deadline(self, subscriber: Any, within: Duration) -> Self:
        """Wake the item on data, and also when none came ``within`` that time.

        An arrival fires kind ``"subscriber"`` and re-arms the deadline; a miss fires kind
        ``"deadline_missed"``, again after each further ``within`` of silence.
        """
        source = self._port(subscriber, "subscriber")
        return self._add(DeadlineTrigger(source, to_nanos(within, what=f"{self._owner}: within")))

    def server(self, server: Any) -> Self:
        """Wake the item when a request arrives."""
        return self._add(ServerTrigger(self._port(server, "server")))

    def client(self, client: Any) -> Self:
        """Wake the item when a response arrives."""
        return self._add(ClientTrigger(self._port(client, "client")))

    def listener(self, listener: Any) -> Self:
        """Wake the item when a raw iceoryx2 listener is notified.

        The executor drains the listener; ``ctx.triggers[i].events`` holds ``(id, count)`` pairs.
        """
        if not _is_raw_listener(listener):
            raise WrongType(
                f"{self._owner}: listener() takes an iceoryx2 Listener, not {listener!r}"
            )
        return self._add(ListenerTrigger(listener))

    def fd(self, fileno: Any) -> Self:
        """Wake the item when a file descriptor (or an object with ``fileno()``) is readable.

        The item reads it; if it leaves something, it is woken again. The caller keeps it open.

        Raises:
            InvalidTrigger: closed, or of a kind that cannot be polled (a regular file).
        """
        try:
            number = fileno if isinstance(fileno, int) else fileno.fileno()
        except AttributeError:
            number = None
        except (OSError, ValueError) as error:  # closed, or a file that is only in memory
            raise InvalidTrigger(
                f"{self._owner}: {fileno!r} cannot wake an item ({error})"
            ) from error
        if isinstance(number, bool) or not isinstance(number, int):
            raise WrongType(f"{self._owner}: fd() takes a file descriptor, not {fileno!r}")
        try:
            os.fstat(number)
            with select.epoll() as probe:
                probe.register(number, select.EPOLLIN)
        except (OSError, ValueError, OverflowError) as error:
            raise InvalidTrigger(
                f"{self._owner}: file descriptor {number} cannot wake an item ({error}); it must be "
                "open, and a pipe, socket, eventfd or timerfd"
            ) from error
        return self._add(FdTrigger(number))

    def budget(self, duration: Duration) -> Self:
        """Let one execution take at most ``duration``; the last call counts.

        A longer one faults the item: from then on its triggers run its fault handler instead (see
        ``Executor.add``), or nothing, until ``ref.clear_fault()``.

        Raises:
            InvalidArgument: not a positive, finite duration.
        """
        self.budget_ns = to_nanos(duration, what=f"{self._owner}: budget")
        return self

    def source(self, source: Any) -> Self:
        """Whatever trigger fits ``source``: subscriber, server, client, raw listener or fd."""
        kind = getattr(getattr(source, "wakeup", None), "kind", None)
        if kind == "subscriber":
            return self.subscriber(source)
        if kind == "server":
            return self.server(source)
        if kind == "client":
            return self.client(source)
        if _is_raw_listener(source):
            return self.listener(source)
        if isinstance(source, int) or hasattr(source, "fileno"):
            return self.fd(source)
        raise WrongType(
            f"{self._owner}: {source!r} cannot wake an item; give a subscriber, server, client, "
            "iceoryx2 Listener or file descriptor"
        )

    def _port(self, port: Any, kind: str) -> Any:
        if getattr(getattr(port, "wakeup", None), "kind", None) != kind:
            raise WrongType(f"{self._owner}: {kind} must be a taktora {kind}, not {port!r}")
        if port.closed:
            raise PortClosed(f"{self._owner}: {port!r} is closed")
        return port

    def _add(self, trigger: Trigger) -> Self:
        if trigger in self._triggers:
            raise InvalidTrigger(f"{self._owner}: {trigger!r} is declared twice")
        self._triggers.append(trigger)
        return self


def _is_raw_listener(thing: Any) -> bool:
    iceoryx2 = sys.modules.get("iceoryx2")  # whoever has a listener of it has imported it
    return iceoryx2 is not None and isinstance(thing, iceoryx2.Listener)
