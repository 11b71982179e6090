"""The driver without threads: virtual time, and every choice of who goes next handed out.

It obeys the same commands of the same scheduler as ``drivers/waitset.py``. What differs is where
the muscle is: nothing runs until somebody says :meth:`VirtualDriver.step`, the clock stands still
until :meth:`VirtualDriver.pass_time`, and where a real system leaves the order open (who of the
ready actors runs next, which worker is done first) ``choose`` is asked.

An execution is one step: nothing can get in between, as nothing can between two byte codes that
matter to an actor. One that is known to take virtual time takes its mail when it begins, keeps a
worker busy, and runs at the end of that time, so that what it sends comes out then. Without a pool
it keeps the driver busy. Imports neither threading nor iceoryx2.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from attrs import define, field

from taktora.core.commands import Command, Execute, Watch
from taktora.core.scheduler import Scheduler
from taktora.core.stimuli import Elapsed, RunEnded, RunStarted, Stimulus, StopRequested, Triggered
from taktora.core.triggers import FdTrigger, IntervalTrigger, Trigger
from taktora.drivers.obeying import Obeying, Runnable, Switch
from taktora.drivers.watching import FdSet
from taktora.errors import InvalidTrigger
from taktora.time import Nanos

__all__ = ["Entry", "VirtualActor", "VirtualDriver"]

_ELAPSED: Final = Elapsed()


class VirtualActor(Runnable, Protocol):
    """An actor as this driver sees it."""

    actor_id: str
    inbox: Any


class Hand:
    """A mailbox of which an actor, busy in virtual time, has taken one thing already."""

    __slots__ = ("_entry", "_inbox")

    def __init__(self, inbox: Any) -> None:
        self._inbox = inbox
        self._entry = inbox.take()

    def take(self) -> Any | None:
        """That one thing, once."""
        entry, self._entry = self._entry, None
        return entry

    def close(self) -> tuple[Any, ...]:
        """Close the mailbox; what was taken and not handled comes first."""
        left: tuple[Any, ...] = self._inbox.close()
        return left if self._entry is None else (self._entry, *left)

    def __bool__(self) -> bool:
        return self._entry is not None or bool(self._inbox)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inbox, name)


@define(eq=False)
class Entry:
    """Something that could happen now: an actor runs, sets out to, or is done."""

    cell: VirtualActor
    answer: Stimulus | None = None
    """It has run; what is left is to say so."""
    takes: Nanos = 0
    """It keeps a worker busy for so long, and runs at the end of it."""
    hand: Hand | None = None
    """That time is over; this is what it took along when it set out."""
    passed_over: int = 0
    """How many went before it since it was ready."""

    @property
    def ends(self) -> bool:
        """A worker that was busy with it will be idle."""
        return self.answer is not None or self.hand is not None

    @property
    def sets_out(self) -> bool:
        """It takes its mail now and runs later."""
        return self.takes > 0 and self.hand is None

    @property
    def label(self) -> str:
        """What a chooser sees: the same in every run of the same schedule."""
        actor_id = str(self.cell.actor_id)
        return f"{actor_id} done" if self.ends else actor_id


@define(eq=False)
class _Source:
    """A waiting port: whom it wakes for, and whether there is anything to wake for."""

    number: int
    name: str
    listener: Any
    has_data: Callable[[], bool]
    stimulus: Triggered = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.stimulus = Triggered(self.number)


class VirtualDriver(Obeying):
    """Drives one scheduler, step by step. One thread."""

    def __init__(
        self,
        scheduler: Scheduler,
        switch: Switch,
        *,
        workers: int,
        choose: Callable[[Sequence[str]], int],
    ) -> None:
        super().__init__(scheduler)
        self.now: Nanos = 0
        """Virtual time; starts at 0 and never goes back."""
        self.clock = self._clock
        self.choose = choose
        """Which of several labels is next, oldest first; asked only when there are several."""
        self.on_step: Callable[[Entry, Sequence[str], int], None] = lambda *_: None
        """Called before a step with what goes, what could have gone, and the choice."""
        self.on_wake: Callable[[Any], int] = lambda _: 1
        """How often a notification of this source (a port) is to be delivered; 0: it is lost."""
        self.on_handled: Callable[[Stimulus, tuple[Command, ...]], None] = lambda *_: None
        """Called with everything the scheduler was told, and what it answered."""
        self.work: Callable[[VirtualActor], Stimulus] = lambda cell: cell.run()
        """Lets an actor handle its mail."""
        self.duration: Callable[[VirtualActor], Nanos] = lambda _: 0
        """What the next execution of an actor will take, as far as that is known before."""
        self.late_answers = False
        """That a worker is done is a step of its own, even if the execution took no time."""
        self.line: list[Entry] = []
        """What could happen, oldest first; some may have to wait for a worker."""
        self.idle_workers = workers
        """May be below zero: more workers are stalled than are idle."""
        self._pooled = workers > 0
        self._switch = switch
        self._spent: Nanos = 0
        self._busy: dict[str, tuple[VirtualActor, Hand]] = {}
        self._agenda: list[tuple[Nanos, int, Callable[[], None]]] = []
        self._sequence = 0
        self._sources: dict[int, _Source] = {}
        self._rung: dict[int, None] = {}
        self._fds: FdSet | None = None
        self._fd_numbers: dict[int, int] = {}

    def _clock(self) -> Nanos:
        return self.now + self._spent

    @staticmethod
    def check_trigger(trigger: Trigger) -> None:
        """Raise if nothing here could ever fire ``trigger``.

        Raises:
            InvalidTrigger: its port or listener is one of iceoryx2.
        """
        if isinstance(trigger, IntervalTrigger | FdTrigger):
            return
        listener = getattr(getattr(trigger.source, "wakeup", None), "listener", None)
        if not hasattr(listener, "bell"):
            raise InvalidTrigger(
                f"{trigger.source!r} belongs to iceoryx2 and cannot wake an item in a simulation: "
                "open channels and services through the simulated executor"
            )

    # --- what the world does ----------------------------------------------------------------------

    def spend(self, duration: Nanos) -> None:
        """The execution under way takes ``duration`` (more)."""
        self._spent += duration

    def at(self, when: Nanos, action: Callable[[], None]) -> None:
        """Have ``action()`` done at virtual time ``when``; at the next settling if that is past."""
        self._sequence += 1
        heapq.heappush(self._agenda, (when, self._sequence, action))

    def stall(self, duration: Nanos) -> None:
        """Keep one worker busy for ``duration`` from now on; without a pool, the driver itself."""
        if not self._pooled:
            self.now += duration
            return
        self.idle_workers -= 1
        self.at(self.now + duration, self._unstall)

    def _unstall(self) -> None:
        self.idle_workers += 1

    # --- runs -------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Begin a run: every ``on_start``, then whatever waits."""
        self.failure = None
        self.report(RunStarted())

    def end(self) -> None:
        """End a run in which nothing is in flight any more; or tear it down."""
        self.line.clear()
        for cell, hand in self._busy.values():
            cell.inbox = hand  # so that what it took along is answered
        self._busy.clear()
        self.report(RunEnded())

    @property
    def over(self) -> bool:
        """The run was asked to end and nothing is in flight any more."""
        return self._scheduler.running and self._scheduler.finished

    # --- steps ------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Take in everything that has happened by now; runs no item."""
        scheduler = self._scheduler
        while True:
            if self._switch.stopping and scheduler.open:
                self.report(StopRequested())
            if self.posted:
                self.pump()
            elif self._rung:
                self._look()
            elif self._agenda and self._agenda[0][0] <= self.now:
                heapq.heappop(self._agenda)[2]()
            elif scheduler.running and (due := self._next_due()) is not None and due <= self.now:
                self.report(_ELAPSED)
            else:
                if self._fds is not None:
                    self._fds.fire()
                if not self.posted:
                    break
        if self._started:
            self._started = False
            self.wakeups += 1

    @property
    def at_rest(self) -> bool:
        """Nothing more happens before time passes."""
        if self.line or self.posted or self._rung:
            return False
        if self._agenda and self._agenda[0][0] <= self.now:
            return False
        due = self._next_due() if self._scheduler.running else None
        return due is None or due > self.now

    def candidates(self) -> list[Entry]:
        """What could happen now, oldest first. Call :meth:`settle` before."""
        if not self._pooled or self.idle_workers > 0:
            return self.line
        return [one for one in self.line if one.ends or one.cell.inline]

    def step(self, entry: Entry | None = None) -> Entry | None:
        """Let ``entry``, or whoever is chosen, go; what went, ``None`` if nothing could."""
        candidates = self.candidates()
        if not candidates:
            return None
        labels: Sequence[str] = ()
        index = 0
        if entry is not None:  # no choice of ours: a schedule does not count it
            chosen = entry
        elif len(candidates) > 1:
            labels = [one.label for one in candidates]
            index = self.choose(labels)
            for passed in candidates[:index]:
                passed.passed_over += 1
            chosen = candidates[index]
        else:
            chosen = candidates[0]
        self.line.remove(chosen)
        if self._pooled and not chosen.ends and not chosen.cell.inline:
            chosen.takes = self.duration(chosen.cell)
        self.on_step(chosen, labels, index)
        self._perform(chosen)
        return chosen

    def _perform(self, entry: Entry) -> None:
        cell = entry.cell
        if entry.answer is not None:
            self.idle_workers += 1
            self.report(entry.answer)
        elif entry.sets_out:
            self.idle_workers -= 1
            hand = Hand(cell.inbox)
            self._busy[cell.actor_id] = cell, hand
            done = Entry(cell, takes=entry.takes, hand=hand)
            self.at(self.now + entry.takes, lambda: self.line.append(done))
        elif entry.hand is not None:
            self.idle_workers += 1
            del self._busy[cell.actor_id]
            inbox, cell.inbox = cell.inbox, entry.hand
            try:  # it began when it set out, and what it sends it sends now
                self._run(cell, -entry.takes)
            finally:
                cell.inbox = inbox
        else:
            self._run(cell, 0)

    def _run(self, cell: VirtualActor, began: Nanos) -> None:
        """Let ``cell`` run, from ``began`` nanoseconds after now on, and hear what it says."""
        self._spent = began
        try:
            answer = self.work(cell)
        finally:
            spent, self._spent = max(0, self._spent), 0
        if cell.inline or not self._pooled:
            self.now += spent
            self.report(answer)
        elif not spent and not self.late_answers:
            self.report(answer)
        else:
            self.idle_workers -= 1
            done = Entry(cell, answer)
            if spent:
                self.at(self.now + spent, lambda: self.line.append(done))
            else:
                self.line.append(done)

    # --- time -------------------------------------------------------------------------------------

    def next_event(self) -> Nanos | None:
        """When something happens next if nothing else does; ``None``: never."""
        due = self._next_due() if self._scheduler.running else None
        if self._agenda and (due is None or self._agenda[0][0] < due):
            return self._agenda[0][0]
        return due

    def pass_time(self, until: Nanos) -> None:
        """Let the clock jump to ``until``."""
        if until > self.now:
            self.now = until

    # --- obeying ----------------------------------------------------------------------------------

    def report(self, stimulus: Stimulus) -> None:
        """Tell the scheduler, now, and obey."""
        commands = self._handle(stimulus, now=self.now + self._spent)
        self.on_handled(stimulus, commands)
        if commands:
            self.obey(commands)

    def obey(self, commands: tuple[Command, ...]) -> None:
        """Carry out what the scheduler decided, in order."""
        for command in commands:
            if isinstance(command, Execute):
                if not command.onward:
                    self._started = True
                self.line.append(Entry(self.cells[command.actor_id]))  # type: ignore[arg-type]
            else:
                self._obey_rare(command)

    def _watch(self, command: Watch) -> None:
        trigger, number = command.trigger, command.source
        if isinstance(trigger, FdTrigger):
            if self._fds is None:
                self._fds = FdSet(self.report)
            self._fds.add(trigger.source, number)
            self._fd_numbers[number] = trigger.source
            return
        wakeup = trigger.source.wakeup
        source = _Source(number, trigger.source.name, wakeup.listener, wakeup.probe())
        self._sources[number] = source
        source.listener.bell = lambda: self._ring(source, trigger.source)
        self._rung[number] = None  # what arrived before it was watched

    def _ring(self, source: _Source, port: Any) -> None:
        times = self.on_wake(port)
        if times:
            self._rung[source.number] = None
        for _ in range(times - 1):  # finds nothing, and wakes all the same
            self.posted.append(source.stimulus)

    def watched_names(self) -> tuple[str, ...]:
        """Names of the channels and services that somebody waits for."""
        return tuple(dict.fromkeys(source.name for source in self._sources.values()))

    def _look(self) -> None:
        """A wake-up is a hint, the data behind it is the truth."""
        number = next(iter(self._rung))
        del self._rung[number]
        source = self._sources.get(number)
        if source is None:
            return
        source.listener.try_wait()
        if source.has_data():
            self.report(source.stimulus)

    def _unwatch(self, number: int) -> None:
        fd = self._fd_numbers.pop(number, None)
        if fd is not None:
            assert self._fds is not None
            self._fds.remove(fd)
            return
        self._sources.pop(number).listener.bell = None
        self._rung.pop(number, None)

    def rearm(self, fd: int) -> None:
        """Watch a file descriptor again after its item has run."""
        if self._fds is not None:
            self._fds.rearm(fd)

    def close(self) -> None:
        """Let go of everything that was watched."""
        for source in self._sources.values():
            source.listener.bell = None
        self._sources.clear()
        self._rung.clear()
        self._agenda.clear()
        self.line.clear()
        if self._fds is not None:
            self._fds.close()
            self._fds = None
