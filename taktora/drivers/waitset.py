"""The driver: one thread owns the WaitSet, tells the scheduler what happened, and obeys it.

Other threads never touch the WaitSet (it would stop every Python thread until the wait ends):
they append a stimulus to a queue and ring the doorbell, an eventfd. All timers are one timerfd,
because WaitSet timeouts are rounded up to whole milliseconds.

The loop never waits for the pool: completions come back as stimuli like everything else.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from time import monotonic_ns
from typing import Any, Final

import iceoryx2 as iox

from taktora.core.commands import Command, Execute, Watch
from taktora.core.scheduler import Scheduler
from taktora.core.stimuli import Elapsed, RunEnded, RunStarted, Stimulus, StopRequested
from taktora.core.triggers import FdTrigger, ListenerTrigger
from taktora.drivers.libc import Bell, TimerFd
from taktora.drivers.obeying import Obeying, Runnable, Switch
from taktora.drivers.patience import Patience
from taktora.drivers.signals import SignalPipe
from taktora.drivers.watching import FdSet, WatchedListener, WatchedPort
from taktora.drivers.workers import WorkerPool
from taktora.ipc.wakeup import listener_wakeup
from taktora.time import Nanos

__all__ = ["WaitSetDriver"]

_ZERO: Final = iox.Duration.from_millis(0)
_IDLE: Final = iox.Duration.from_millis(1000)
_PREDICATE: Final = iox.Duration.from_millis(50)
_LOOK_EVERY: Final[Nanos] = 50_000
"""While actors are ready, how long they may run before the driver looks at the WaitSet again."""
_SWEEP_AT_MOST: Final = 256
"""Listeners looked at after an idle second, in turn: a bound on idle CPU, not on safety."""

_ELAPSED: Final = Elapsed()


class WaitSetDriver(Obeying):
    """Drives one scheduler. All methods but :meth:`post` and :meth:`ring` need the driver's role."""

    def __init__(self, scheduler: Scheduler, switch: Switch, busy_poll: Nanos = 0) -> None:
        super().__init__(scheduler)
        self.clock = monotonic_ns
        self._switch = switch
        self._ready: deque[Runnable] = deque()
        self._handed: list[Runnable] = []  # for the pool, once this turn's triggers are all in
        self._pool: WorkerPool | None = None
        self._asleep = False
        self._armed: Nanos = 0
        self._expired = False
        self._due: Nanos | None = None
        self._swept = 0
        self._look_at: Nanos = 0
        self._patience = Patience(busy_poll)
        builder = iox.WaitSetBuilder.new()
        builder = builder.signal_handling_mode(iox.SignalHandlingMode.Disabled)
        self._waitset: Any = builder.create(iox.ServiceType.Ipc)
        self._wait_once = self._waitset.wait_and_process_with_timeout
        self._bell = Bell()
        self._timer = TimerFd()
        self.signals = SignalPipe()
        self._fds = FdSet(self.report)
        self._guards: dict[int, tuple[Any, Any, WatchedPort | WatchedListener]] = {}
        self._fd_numbers: dict[int, int] = {}
        self._table: dict[Any, Callable[[], None]] = {}
        self._own_guards = [
            self._attach_own(self._bell.fileno(), self._bell.hear),
            self._attach_own(self._timer.fileno(), self._on_timer),
            self._attach_own(self.signals.fileno(), self._on_signal),
            self._attach_own(self._fds.fileno(), self._fds.fire),
        ]

    # --- any thread -----------------------------------------------------------------------------

    def post(self, stimulus: Stimulus | Callable[[], None]) -> None:
        """Report from any thread: queue it, and wake the driver if it sleeps."""
        if self.aborted:  # a worker that a torn-down run left behind
            return
        self.posted.append(stimulus)
        if self._asleep:
            self._asleep = False  # one ring is enough: what else is posted now, it will find
            self.ring()

    def ring(self) -> None:
        """Wake the driver. Any thread, signal handlers included."""
        self._bell.ring()

    def work(self, cell: Runnable) -> None:
        """Let an actor handle its mail on this (pool) thread, and report."""
        self.post(cell.run())

    def rearm(self, fd: int) -> None:
        """Watch a file descriptor again after its item has run. Any thread."""
        self._fds.rearm(fd)

    # --- the driver's role ----------------------------------------------------------------------

    def obey(self, commands: tuple[Command, ...]) -> None:
        """Carry out what the scheduler decided, in order."""
        for command in commands:
            if isinstance(command, Execute):
                cell = self.cells[command.actor_id]
                if not command.onward:
                    self._started = True
                if cell.inline or self._pool is None:
                    self._ready.append(cell)
                else:
                    self._handed.append(cell)
            else:
                self._obey_rare(command)

    def drive(
        self,
        *,
        pool: WorkerPool | None = None,
        max_wakeups: int | None = None,
        until: Nanos | None = None,
        predicate: Callable[[], object] | None = None,
    ) -> None:
        """Run until stopped, or until a limit is reached and everything running has finished."""
        scheduler, switch, ready = self._scheduler, self._switch, self._ready
        handle = scheduler.handle
        self._begin(pool)
        left = max_wakeups
        broken: BaseException | None = None
        orderly = False
        try:
            self.report(RunStarted())
            while True:
                if switch.stopping or (until is not None and until <= monotonic_ns()):
                    self.report(StopRequested())  # first: nothing begins after a stop
                    until = None
                if self.posted:
                    self.pump()
                if self._due is not None and self._due <= (now := monotonic_ns()):
                    self.obey(handle(_ELAPSED, now=now))
                if self._handed:
                    self._hand_over()
                if self._started:
                    self._started = False
                    self.wakeups += 1
                    if left is not None:
                        left -= 1
                        if left <= 0:  # before the executions: they must not start another turn
                            self.report(StopRequested())
                if ready:
                    now = 0
                    for _ in range(len(ready)):
                        answer = ready.popleft().run()
                        commands = handle(answer, now=(now := monotonic_ns()))
                        if commands:
                            self.obey(commands)
                    if ready and predicate is None:
                        # Looking costs as much as executing what is known to be ready.
                        self._look_at = self._look_at or now + _LOOK_EVERY
                        if now < self._look_at:
                            continue
                if predicate is not None:
                    try:
                        satisfied = bool(predicate())
                    except Exception as error:  # noqa: BLE001  # raised when all is at rest
                        satisfied, broken = True, error
                    if satisfied:
                        self.report(StopRequested())
                        predicate = None
                if scheduler.in_flight == 0 and not scheduler.open:
                    orderly = True
                    break
                self._wait(until, predicate is not None)
        finally:
            if not orderly:
                self.aborted = True
                self.posted.clear()
            self._ready.clear()
            self._handed.clear()
            self._pool = None
            self.report(RunEnded())
        if broken is not None:
            raise broken

    def close(self) -> None:
        """Detach everything and release every descriptor."""
        for guard, _, _ in self._guards.values():
            guard.delete()
        self._guards.clear()
        for guard in self._own_guards:
            guard.delete()
        self._own_guards.clear()
        self._table.clear()
        self._fds.close()
        self.signals.close()
        self._timer.close()
        self._bell.close()
        self._waitset = self._wait_once = None

    def _begin(self, pool: WorkerPool | None) -> None:
        self._pool = pool
        self.failure = None
        self._started = False
        self._due = None

    # --- waiting --------------------------------------------------------------------------------

    def _wait(self, until: Nanos | None, predicated: bool) -> None:
        wait = self._wait_once
        if self._handed:
            self._hand_over()
        self._due = due = self._next_due()
        if self._started or self._ready:
            ids, _ = wait(_ZERO)
        else:
            if until is not None and (due is None or until < due):
                due = until
            if due is not None and (self._armed == 0 or due < self._armed):
                self._timer.arm(due)
                self._armed = due
                self._expired = False
            elif self._expired:
                self._timer.clear()
                self._expired = False
            ids = ()
            window = self._patience.window
            if window:
                ids, _ = wait(_ZERO)
            if ids:
                self._patience.paid = True
            else:
                ids = self._look_or_sleep(window, predicated)
        self._look_at = 0
        table = self._table
        for attachment in ids:
            fire = table.get(attachment)
            if fire is not None:  # None: unwatched by an earlier one of this batch
                fire()

    def _look_or_sleep(self, window: Nanos, predicated: bool) -> Any:
        """Nothing is there yet: look for up to ``window``, then sleep until something is."""
        wait, began = self._wait_once, monotonic_ns()
        ids = self._poll(began + window) if window else ()
        if not ids:
            self._asleep = True
            if self.posted or (self._switch.stopping and self._scheduler.open):
                self._asleep = False
                ids, _ = wait(_ZERO)
            else:
                ids, _ = wait(_PREDICATE if predicated else _IDLE)
                self._asleep = False
                if not ids and not predicated:
                    self._sweep()
        self._patience.note(monotonic_ns() - began)
        return ids

    def _poll(self, end: Nanos) -> Any:
        """Look until something is there, or ``end``; whoever shares this core goes first."""
        wait, posted, switch = self._wait_once, self.posted, self._switch
        while not posted and not switch.stopping and monotonic_ns() < end:
            os.sched_yield()
            ids, _ = wait(_ZERO)
            if ids:
                return ids
        return ()

    def _hand_over(self) -> None:
        """Let the workers begin: what fired together is one execution, not a race."""
        assert self._pool is not None
        for cell in self._handed:
            self._pool.submit(cell)
        self._handed.clear()

    def _sweep(self) -> None:
        """Belt and braces after an idle second: look at some listeners without being woken."""
        guards = list(self._guards.values())
        if not guards:
            return
        for offset in range(min(len(guards), _SWEEP_AT_MOST)):
            _, _, watched = guards[(self._swept + offset) % len(guards)]
            if watched.sweep():
                self.rescued += 1
        self._swept = (self._swept + _SWEEP_AT_MOST) % len(guards)

    def _on_timer(self) -> None:
        self._armed = 0
        self._expired = True  # arming it anew, or clearing it, makes it unreadable again

    def _on_signal(self) -> None:
        self.signals.clear()

    # --- helpers --------------------------------------------------------------------------------

    def _watch(self, command: Watch) -> None:
        trigger, number = command.trigger, command.source
        if isinstance(trigger, FdTrigger):
            self._fds.add(trigger.source, number)
            self._fd_numbers[number] = trigger.source
            return
        watched: WatchedPort | WatchedListener
        if isinstance(trigger, ListenerTrigger):
            watched = WatchedListener(listener_wakeup(trigger.source), number, self.report)
        else:
            watched = WatchedPort(trigger.source.wakeup, number, self._handle, self.obey)
        guard = self._waitset.attach_notification(watched.listener)
        key = iox.WaitSetAttachmentId.from_guard(guard)
        self._guards[number] = (guard, key, watched)
        self._table[key] = watched.fire
        watched.fire()  # what arrived before it was watched

    def _unwatch(self, number: int) -> None:
        fd = self._fd_numbers.pop(number, None)
        if fd is not None:
            self._fds.remove(fd)
            return
        guard, key, _ = self._guards.pop(number)
        del self._table[key]
        guard.delete()

    def _attach_own(self, fd: int, fire: Callable[[], None]) -> Any:
        guard = self._waitset.attach_notification_fd(iox.FileDescriptor.non_owning_new(fd))
        self._table[iox.WaitSetAttachmentId.from_guard(guard)] = fire
        return guard
