"""The plug-in's actor that starts the process of its gateway, watches it, and starts it again."""

from __future__ import annotations

import logging
import select
import threading
import uuid
from collections import deque
from time import monotonic_ns
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve

from taktora.connectors.child import Child
from taktora.connectors.handover import Order, encode
from taktora.connectors.health import Connecting, Degraded, Down, Up
from taktora.connectors.launching import command, environment, how_it_ended
from taktora.connectors.reports import Failed, Logged, Printed, Report, decode
from taktora.connectors.status import Status
from taktora.connectors.status import decode as decode_status
from taktora.connectors.upkeep import Phase, Upkeep
from taktora.connectors.watcher import Watcher
from taktora.drivers.libc import TimerFd
from taktora.time import NANOS_PER_SECOND

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from taktora.actors.context import Context
    from taktora.actors.declare import TriggerDeclarer
    from taktora.connectors.handover import Carried, Handover
    from taktora.connectors.health_keeper import HealthKeeper
    from taktora.time import Nanos

__all__ = ["Attendant"]

logger = logging.getLogger("taktora.connectors")

_PATIENCE: Final = 5.0  # s, until one that is to leave is asked by a signal
_EARLY: Final = 1.0  # s, the same of one that has opened nothing yet
_MORE: Final = 2.0  # s, until it is killed after that
_REMEMBERED: Final = 20  # printed lines


class Attendant(Watcher):
    """Keeps a gateway's process. It is woken when that process says something, ends, or is due.

    Args:
        handover: what each process is told first, but for its instance and channels.
        patience: nanoseconds after which one that says nothing of its link was started in vain.
        others: as of :class:`Watcher`.
    """

    def __init__(
        self,
        handover: Handover,
        executor: Any,
        keeper: HealthKeeper,
        *,
        stale_after: Nanos,
        patience: Nanos,
        wall: Callable[[], datetime],
    ) -> None:
        super().__init__(handover.name, executor, keeper, stale_after=stale_after, wall=wall)
        self._handover = handover
        self._upkeep = Upkeep(handover.reconnect.make(), patience)
        self._lock = threading.RLock()
        self._channels: list[Carried] = list(handover.channels)
        self._child: Child | None = None
        self._pid = 0
        self._was_killed = False
        self._patience = _PATIENCE
        self._expected = ""
        self._failure: str | None = None
        self._printed: deque[str] = deque(maxlen=_REMEMBERED)
        self._escalations: deque[tuple[Nanos, Callable[[], None]]] = deque()
        self._farewell: Callable[[], object] = lambda: None
        self._timer = TimerFd()
        self._events = select.epoll()
        self._events.register(self._timer.fileno(), select.EPOLLIN)

    @property
    def pid(self) -> int | None:
        """The process that there is. Any thread."""
        child = self._child
        return None if child is None else child.pid

    def join(self, executor: Any) -> Any:
        """Become an actor of ``executor``, and start the process; its ref."""
        try:
            ref = super().join(executor)
        except BaseException:
            self._let_go()
            raise
        with self._lock:
            self._look(monotonic_ns())
        return ref

    def carry(self, channel: Carried) -> None:
        """Have it carried, by this process and those that follow. Any thread."""
        with self._lock:
            self._channels.append(channel)
            if self._child is not None:
                self._child.send(encode(Order(carry=channel)))

    # --- the actor -----------------------------------------------------------------------------------

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        """Woken by signs of life, by their absence, and by the process itself."""
        super().declare_triggers(on)
        on.fd(self._events.fileno())

    def execute(self, ctx: Context) -> None:
        """Follow what was said; look after the process."""
        with self._lock:
            self._listen()  # first: why it ends is said before its link says that it was stopped
            # a sign of life that is taken before the driver has seen it puts off no deadline
            if any(fired.kind != "fd" for fired in ctx.triggers):
                super().execute(ctx)
            farewell = self._look(monotonic_ns())
        if farewell is not None:
            farewell()

    def _silent(self, reason: str) -> None:
        """Silence is news only of a process that was heard already, and that there is."""
        if self._upkeep.phase is Phase.RUNNING:
            super()._silent(reason)

    def _hear(self, said: Status | str) -> None:
        if isinstance(said, Status):
            if said.instance != self._expected:  # of one that outlives its plug-in
                return
            if self._failure is not None:
                return
            well = isinstance(said.health, Up | Degraded)
            self._upkeep.heard(well=well, now=monotonic_ns())
        super()._hear(said)

    def _look(self, now: Nanos) -> Callable[[], object] | None:
        """Do what is to be done; what is to be done without the lock."""
        self._timer.clear()
        farewell = None
        upkeep, child = self._upkeep, self._child
        if child is not None:
            child.flush()
            code = child.ended()
            self._listen()
            if code is not None:
                farewell = self._bury(child, code, now)
            elif upkeep.is_stuck(now) and not self._was_killed:
                self._was_killed = True
                self._failure = f"did not begin within {upkeep.patience / 1e9:g} s, and was killed"
                child.kill()
            elif self._escalations and now >= self._escalations[0][0]:
                self._escalations.popleft()[1]()
        if upkeep.is_due(now):
            self._start(now)
        self._timer.arm(self._next())
        return farewell

    def _next(self) -> Nanos:
        """When to look again by the clock; 0: not."""
        if self._escalations:
            return self._escalations[0][0]
        waits = self._upkeep.phase in (Phase.WAITING, Phase.STARTING)
        return self._upkeep.due if waits and not self._was_killed else 0

    def _start(self, now: Nanos) -> None:
        self._failure, self._was_killed = None, False
        self._printed.clear()
        self._expected = uuid.uuid4().hex
        when = self._wall()
        self._keeper.become(Connecting(when), now=when, only_from=Down)
        if self._lost is not None:
            self._lost = ""  # whatever goes wrong now is news
        told = evolve(self._handover, instance=self._expected, channels=tuple(self._channels))
        self._upkeep.started(now)
        try:
            child = Child(command(self.name), environment(self._handover.domain))
        except OSError as error:
            self._over(f"cannot be started: {error}", now)
            return
        self._child, self._pid = child, child.pid
        logger.info("connector %r: gateway process %d is starting", self.name, child.pid)
        self._events.register(child.fileno(), select.EPOLLIN)
        child.send(encode(told))

    def _listen(self) -> None:
        if self._child is not None:
            for line in self._child.lines():
                self._take(decode(line))

    def _take(self, report: Report) -> None:
        match report:
            case Logged(level, _, text):
                logger.log(level, "gateway process %d: %s", self._pid, text)
            case Failed(reason):
                self._failure = reason
                self._escalate()
            case Printed(text):
                self._printed.append(text)
                logger.warning("gateway process %d printed: %s", self._pid, text)

    def _escalate(self) -> None:
        """It is about to end: see to it that it does."""
        child = self._child
        if child is not None and not self._escalations:
            now, patience = monotonic_ns(), self._patience
            for seconds, what in ((patience, child.terminate), (patience + _MORE, child.kill)):
                self._escalations.append((now + round(seconds * NANOS_PER_SECOND), what))

    def _bury(self, child: Child, code: int, now: Nanos) -> Callable[[], object]:
        """It has ended."""
        for sample in self._subscriber:  # what it said before
            self._hear(decode_status(sample.payload))
        self._forget(child)
        child.close()
        reason = self._failure or how_it_ended(code, self._printed)
        if self._upkeep.phase is not Phase.OVER:
            self._over(reason, now)
        return self._farewell

    def _over(self, reason: str, now: Nanos) -> None:
        self._failure, self._was_killed = None, False
        starts = self._upkeep.starts
        self._upkeep.ended(now)
        if self._upkeep.phase is Phase.GIVEN_UP:
            reason = f"{reason}; gave up after {starts} start{'s' * (starts != 1)}"
        reason = f"its gateway process {reason}"
        logger.warning("connector %r: %s", self.name, reason)
        self._gone(reason)

    def _forget(self, child: Child) -> None:
        self._child = None
        self._escalations.clear()
        self._events.unregister(child.fileno())

    # --- the end -------------------------------------------------------------------------------------

    def leave(self, farewell: Callable[[], object]) -> None:
        """End the process without waiting for it; ``farewell()`` once it has ended. Any thread."""
        with self._lock:
            self._leave()
            child = self._child
            if child is not None:
                self._farewell = farewell
                child.send(encode(Order(leave=True)), last=True)
                self._escalate()
                self._timer.arm(self._next())
        if child is None:
            farewell()

    def end(self) -> None:
        """End the process, and wait for it: some seconds at most. Any thread but an actor's."""
        with self._lock:
            self._leave()
            child, farewell = self._child, self._farewell
            if child is not None:
                self._forget(child)
        if child is None:
            return
        child.send(encode(Order(leave=True)), last=True)
        for line in child.end(self._patience, _MORE):
            self._take(decode(line))
        child.close()
        farewell()

    def _leave(self) -> None:
        if self._upkeep.phase is Phase.STARTING:
            self._patience = _EARLY
        self._upkeep.leave()

    def on_stop(self) -> None:
        """End the process, if nobody has; nobody knows any more how the gateway is."""
        self.end()
        self._let_go()
        super().on_stop()

    def _let_go(self) -> None:
        self._timer.close()
        self._events.close()
