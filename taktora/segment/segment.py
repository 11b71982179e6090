"""A line of simulated SubDevices: a frame goes in, and comes back as it would from the wire.

Pure: bytes and nanoseconds in, bytes out. SubDevices are named by their position, counted from 1. Not
thread-safe.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define

from taktora.segment.controller_options import ControllerOptions
from taktora.segment.device import Device
from taktora.segment.faulty_line import Fate, FaultyLine
from taktora.segment.frames import DATAGRAM_HEADER, FIRST_DATAGRAM, Command, is_ethercat
from taktora.segment.logical import Plan, make_plan, run_plan
from taktora.segment.physical import run_physical
from taktora.time import Nanos

__all__ = ["Segment", "SegmentStatistics"]

_LOGICAL = frozenset(map(int, (Command.LRD, Command.LWR, Command.LRW)))
_LAST_COMMAND = max(Command)
_MOST_PLANS = 256


@define
class SegmentStatistics:
    """What has come by, since the segment was made."""

    frames: int = 0
    """Frames taken in."""
    answered: int = 0
    datagrams: int = 0
    malformed: int = 0
    """Frames of EtherCAT that are cut off. They come back as far as they were done."""
    foreign: int = 0
    """Frames that are not EtherCAT: not answered."""
    lost: int = 0
    """Frames that nobody was there for, or that a fault took."""


class Segment(FaultyLine):
    """SubDevices in the order in which a frame passes them; what can go wrong is in its base class.

    Args:
        devices: What stands behind each controller.
        options: Of each controller, or one for all.
        now: Nanoseconds, on the clock that later times are of.
    """

    def __init__(
        self,
        devices: Iterable[Device],
        options: ControllerOptions | Iterable[ControllerOptions] | None = None,
        now: Nanos = 0,
    ) -> None:
        super().__init__(devices, options, now)
        self.statistics = SegmentStatistics()
        self.late: Nanos = 0
        """By how much the last answer is to come back later than at once."""
        self._plans: dict[tuple[int, int, bytes], Plan] = {}
        self._deadline: Nanos | None = None

    def handle(self, frame: bytes, now: Nanos) -> bytes | None:
        """Pass one frame, and then let the devices do what it asked: :meth:`answer`, :meth:`settle`."""
        answer = self.answer(frame, now)
        self.settle(now)
        return answer

    def answer(self, frame: bytes, now: Nanos) -> bytes | None:
        """The frame as it comes back; ``None``: it does not."""
        if self._notice.timers or (self._deadline is not None and now >= self._deadline):
            self.check_time(now)
        statistics = self.statistics
        number = statistics.frames
        statistics.frames += 1
        if not is_ethercat(frame):
            statistics.foreign += 1
            return None
        fate = self._fate(number)
        if fate is Fate.LOST or not self._line:
            statistics.lost += 1
            return None
        back = bytearray(frame)
        back[6] |= 0x02  # each controller marks the source address of what it has processed
        self._pass(back, now)
        if fate is Fate.LOST_ON_ITS_WAY_BACK:
            statistics.lost += 1
            return None
        statistics.answered += 1
        self.late = 0 if self.delaying is None else self.delaying(number)
        return bytes(back)

    def _pass(self, frame: bytearray, now: Nanos) -> None:
        """All datagrams in turn, up to the first that is cut off.

        As a controller does: the length in the EtherCAT header is not looked at.
        """
        at, size = FIRST_DATAGRAM, len(frame)
        more = True
        while more:
            end = at + DATAGRAM_HEADER + 2
            if end <= size:
                flags = frame[at + 6] | frame[at + 7] << 8
                end += flags & 0x07FF
            if end > size:
                self.statistics.malformed += 1
                return
            self._datagram(frame, at, flags & 0x07FF, now)
            more = flags & 0x8000 != 0
            at = end

    def settle(self, now: Nanos) -> None:
        """The devices' turn: applications whose process data came by, and mailboxes."""
        due = self._notice.due
        while due:
            due.pop().run(now)
        for controller in self._with_mailbox:
            controller.application.serve_mailbox(now)

    def check_time(self, now: Nanos) -> Nanos | None:
        """Do what time brings; when to call again at the latest, ``None``: when a frame comes."""
        self._notice.timers = False
        times = [one.application.check_time(now) for one in self._powered()]
        self._deadline = min((one for one in times if one is not None), default=None)
        return self._deadline

    def _datagram(self, frame: bytearray, at: int, length: int, now: Nanos) -> None:
        self.statistics.datagrams += 1
        notice = self._notice
        command = frame[at]
        if command in _LOGICAL:
            if notice.mapping:
                self._plans.clear()
                notice.mapping = False
            key = (command, at, bytes(frame[at + 2 : at + 8]))
            plan = self._plans.get(key) or self._plan(key, length)
            counted = run_plan(plan, frame, now)
            notice.due.update(plan.takes_part)
        elif command == Command.NOP or command > _LAST_COMMAND:
            counted = 0
        else:
            if notice.stations:
                self._find_stations()
            counted = run_physical(self._line, self._stations, frame, at, length=length, now=now)
        if notice.events:
            self._collect_events()
        if self._interrupt:
            frame[at + 8] |= self._interrupt & 0xFF
            frame[at + 9] |= self._interrupt >> 8
        if counted:
            end = at + DATAGRAM_HEADER + length
            counter = (frame[end] | frame[end + 1] << 8) + counted
            frame[end], frame[end + 1] = counter & 0xFF, counter >> 8 & 0xFF

    def _plan(self, key: tuple[int, int, bytes], length: int) -> Plan:
        command, at, where = key
        if len(self._plans) >= _MOST_PLANS:
            self._plans.clear()
        address = int.from_bytes(where[:4], "little")
        plan = make_plan(
            self._line,
            command,
            address,
            length,
            data=at + DATAGRAM_HEADER,
            wrong=self._wrong,
        )
        self._plans[key] = plan
        return plan
