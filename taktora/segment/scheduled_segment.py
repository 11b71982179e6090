"""A segment to which faults happen: those of its file when their time comes, others when asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from attrs import define, evolve

from taktora.errors import InvalidArgument
from taktora.segment.controller_options import ControllerOptions
from taktora.segment.device import Device
from taktora.segment.fault_schedule import FaultSchedule, occurrences
from taktora.segment.faults import (
    AlError,
    CableOut,
    Delay,
    Emergency,
    Fault,
    FrameLoss,
    PowerCycle,
    StuckMailbox,
    WrongWorkingCounter,
)
from taktora.segment.segment import Segment
from taktora.time import Nanos

__all__ = ["ScheduledSegment"]


@define
class _Effects:
    """What faults that last do to the line, by position."""

    out: set[int]
    off: set[int]
    stuck: set[int]
    wrong: Counter[int]


@define(eq=False)
class _Known:
    """A fault, and until when it has happened. Nanoseconds since the start."""

    fault: Fault
    done: Nanos


class ScheduledSegment(Segment):
    """A segment, and what goes wrong with it by itself. One thread.

    Args:
        devices: as a segment's.
        options: of each controller.
        faults: with positions of SubDevices; their times count from ``now``.
        now: nanoseconds.

    Raises:
        InvalidArgument: a fault of a SubDevice that is not there, or that cannot have it.
    """

    def __init__(
        self,
        devices: Iterable[Device],
        options: Iterable[ControllerOptions],
        faults: Iterable[Fault],
        now: Nanos,
    ) -> None:
        super().__init__(devices, options, now)
        self._start = now
        self._known = [_Known(one, -1) for one in faults]
        for one in self._known:
            self._check(one.fault)
        self._effects = _effects(())
        self._due: Nanos | None = 0

    def begin(self, fault: Fault, now: Nanos) -> Fault:
        """Let a fault happen, its times counting from ``now``; what to give to :meth:`end`.

        Raises:
            InvalidArgument: there is no such SubDevice, or it cannot have that.
        """
        self._check(fault)
        at = timedelta(microseconds=(now - self._start) // 1000)
        begun = evolve(fault, at=at + fault.at)
        self._known.append(_Known(begun, (now - self._start) // 1000 * 1000 - 1))
        self._due = 0
        self.check_time(now)
        return begun

    def end(self, fault: Fault, now: Nanos) -> None:
        """It happens no more, and what it did to the line is over."""
        self._known = [one for one in self._known if one.fault is not fault]
        self._due = 0
        self.check_time(now)

    def check_time(self, now: Nanos) -> Nanos | None:
        """As a segment's: also what goes wrong by then."""
        if self._due is not None and now - self._start >= self._due:
            self._happen(now)
        deadline = super().check_time(now)
        if self._due is not None:
            due = self._start + self._due
            self._deadline = due if deadline is None else min(deadline, due)
        return self._deadline

    def _happen(self, now: Nanos) -> None:
        since = now - self._start
        schedule = FaultSchedule(one.fault for one in self._known)
        active = schedule.active(since)
        for one in self._known:
            for _ in occurrences(one.fault, one.done, since):
                self._strike(one.fault, now, still=one.fault in active)
            one.done = since
        self._apply(_effects(active), now)
        losing = [one for one in active if isinstance(one, FrameLoss)]
        late = [one for one in active if isinstance(one, Delay)]
        self.losing = (lambda number: any(one.takes(number) for one in losing)) if losing else None
        self.delaying = (lambda number: sum(one.of(number) for one in late)) if late else None
        self._due = schedule.next_change(since)

    def _strike(self, fault: Fault, now: Nanos, *, still: bool) -> None:
        """What happens at an instant; a power cycle of which nobody saw anything counts, too."""
        match fault:
            case AlError(subdevice=int(position)):
                self.al_error(position, fault.code, now)
            case Emergency(subdevice=int(position)):
                device: Any = self.controller(position).device
                device.emergency(fault.code, fault.register, fault.data)
            case PowerCycle(subdevice=int(position)) if not still:
                self.power_cycle(position, now)

    def _apply(self, wanted: _Effects, now: Nanos) -> None:
        present, self._effects = self._effects, wanted
        for position in wanted.out - present.out:
            self.unplug(position)
        for position in present.out - wanted.out:
            self.plug(position)
        for position in wanted.off - present.off:
            self.power_off(position)
        for position in present.off - wanted.off:
            self.power_on(position, now)
        for position in wanted.stuck ^ present.stuck:
            self.stick_mailbox(position, stuck=position in wanted.stuck)
        for position in wanted.wrong.keys() | present.wrong.keys():
            if wanted.wrong[position] != present.wrong[position]:
                self.count_wrongly(position, wanted.wrong[position])

    def _check(self, fault: Fault) -> None:
        position = getattr(fault, "subdevice", None)
        if position is None:
            return
        device: Any = self.controller(position).device
        if isinstance(fault, StuckMailbox) and device.mailbox is None:
            raise InvalidArgument(f"SubDevice {position} has no mailbox that could be stuck")
        if isinstance(fault, Emergency) and not hasattr(device, "emergency"):
            raise InvalidArgument(f"SubDevice {position} has no mailbox to send an emergency from")


def _effects(active: Iterable[Fault]) -> _Effects:
    those = tuple(active)
    wrong: Counter[int] = Counter()
    for one in those:
        if isinstance(one, WrongWorkingCounter):
            assert isinstance(one.subdevice, int)
            wrong[one.subdevice] += one.by
    return _Effects(
        out=set(_positions(those, CableOut)),
        off=set(_positions(those, PowerCycle)),
        stuck=set(_positions(those, StuckMailbox)),
        wrong=wrong,
    )


def _positions(those: Iterable[Fault], kind: type[Any]) -> Iterator[int]:
    for one in those:
        if isinstance(one, kind):
            yield one.subdevice
