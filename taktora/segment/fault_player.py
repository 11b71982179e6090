"""Makes the faults of a segment file happen on a segment, as time goes by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

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
from taktora.segment.faulty_line import FaultyLine
from taktora.time import Nanos

__all__ = ["FaultPlayer"]


class FaultPlayer:
    """Plays the faults of one segment. What a test does to it by hand meanwhile is its own affair.

    Args:
        line: the segment.
        faults: with positions as their SubDevices.
        start: their times count from here, in nanoseconds.
    """

    def __init__(self, line: FaultyLine, faults: Iterable[Fault], start: Nanos) -> None:
        self._line = line
        self._schedule = FaultSchedule(faults)
        self._start = start
        self._played: Nanos = -1
        self._cables: set[int] = set()
        self._without_power: set[int] = set()
        self._stuck: set[int] = set()
        self._wrong: Counter[int] = Counter()

    def play(self, now: Nanos) -> Nanos | None:
        """Do all that is due by ``now``; when there is more to do, ``None``: never."""
        before, self._played = self._played, now - self._start
        active = self._schedule.active(self._played)
        self._frames(active)
        self._power(active, before)
        cables = _where(active, CableOut)
        for position in cables - self._cables:
            self._line.unplug(position)
        for position in self._cables - cables:
            self._line.plug(position)
        self._cables = cables
        stuck = _where(active, StuckMailbox)
        for position in stuck ^ self._stuck:
            self._line.stick_mailbox(position, stuck=position in stuck)
        self._stuck = stuck
        self._counts(active)
        for _, fault in self._schedule.due(before, self._played):
            self._happens(fault, now)
        following = self._schedule.next_change(self._played)
        return None if following is None else self._start + following

    def _frames(self, active: tuple[Fault, ...]) -> None:
        losses = [one for one in active if isinstance(one, FrameLoss)]
        delays = [one for one in active if isinstance(one, Delay)]
        self._line.losing = (
            (lambda number: any(one.takes(number) for one in losses)) if losses else None
        )
        self._line.delaying = (
            (lambda number: sum(one.of(number) for one in delays)) if delays else None
        )

    def _power(self, active: tuple[Fault, ...], before: Nanos) -> None:
        off = _where(active, PowerCycle)
        begun = {
            _position(one)
            for one in self._schedule.faults
            if isinstance(one, PowerCycle) and any(occurrences(one, before, self._played))
        }
        for position in off - self._without_power:
            self._line.power_off(position)
        for position in (self._without_power | begun) - off:
            self._line.power_on(position, self._start + self._played)
        self._without_power = off

    def _counts(self, active: tuple[Fault, ...]) -> None:
        wrong: Counter[int] = Counter()
        for one in active:
            if isinstance(one, WrongWorkingCounter):
                wrong[_position(one)] += one.by
        for position in wrong.keys() | self._wrong.keys():
            if wrong[position] != self._wrong[position]:
                self._line.count_wrongly(position, wrong[position])
        self._wrong = wrong

    def _happens(self, fault: Fault, now: Nanos) -> None:
        position = _position(fault)
        if isinstance(fault, AlError):
            self._line.al_error(position, fault.code, now)
        elif isinstance(fault, Emergency):
            device: Any = self._line.controller(position).device
            device.emergency(fault.code, fault.register, fault.data)


def _position(fault: Any) -> int:
    return int(fault.subdevice)


def _where(active: Iterable[Fault], kind: type[Fault]) -> set[int]:
    return {_position(one) for one in active if isinstance(one, kind)}
