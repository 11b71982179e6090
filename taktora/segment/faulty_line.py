"""The line and what can go wrong on it: cables, power, lost and late frames, wrong counts."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable

from taktora.errors import InvalidArgument
from taktora.segment.controller_options import ControllerOptions
from taktora.segment.device import Device
from taktora.segment.esc import Controller
from taktora.segment.notice import Notice
from taktora.time import Nanos

__all__ = ["Fate", "FaultyLine"]

_HOP: Nanos = 500
"""What a frame needs from one SubDevice to the next, cable included."""


class Fate(enum.Enum):
    """What becomes of a frame."""

    PASSED = "passed"
    LOST = "lost"
    """Before any SubDevice has seen it."""
    LOST_ON_ITS_WAY_BACK = "lost on its way back"
    """All SubDevices have done what it says."""


class FaultyLine:
    """Controllers in a line. Frames reach them up to the first fault; all positions count from 1.

    Every method that takes a position raises ``InvalidArgument`` when nothing is there.
    """

    def __init__(
        self,
        devices: Iterable[Device],
        options: ControllerOptions | Iterable[ControllerOptions] | None,
        now: Nanos,
    ) -> None:
        every = list(devices)
        if options is None or isinstance(options, ControllerOptions):
            options = [options or ControllerOptions()] * len(every)
        self._notice = Notice()
        self._controllers = [
            Controller(device, self._notice, of_it, now)
            for device, of_it in zip(every, options, strict=True)
        ]
        self._unplugged: set[int] = set()
        self._without_power: set[int] = set()
        self._to_lose = 0
        self._lost = 0
        self._wrong: dict[Controller, int] = {}
        self.losing: Callable[[int], bool] | None = None
        """Asked for each frame, by its number from 0, whether it gets lost; every other one of those
        on its way back."""
        self.delaying: Callable[[int], Nanos] | None = None
        """Asked for each answer, by the frame's number, how much later it comes."""
        self._line: list[Controller] = []
        self._with_mailbox: list[Controller] = []
        self._stations: dict[int, list[Controller]] = {}
        self._interrupt = 0
        self._lay_out()

    def __len__(self) -> int:
        return len(self._controllers)

    # --- faults ---

    def unplug(self, position: int) -> None:
        """Take out the cable in front of a SubDevice: neither it nor those behind are reached."""
        self.controller(position).link_lost(0)
        self._unplugged.add(position)
        self._lay_out()

    def plug(self, position: int) -> None:
        """Put that cable in again."""
        self.controller(position)
        self._unplugged.discard(position)
        self._lay_out()

    def power_off(self, position: int) -> None:
        """A SubDevice loses its power. Those behind it have theirs, but are not reached."""
        self.controller(position)
        self._without_power.add(position)
        self._lay_out()

    def power_on(self, position: int, now: Nanos) -> None:
        """A SubDevice has power again, and begins anew."""
        controller = self.controller(position)
        self._without_power.discard(position)
        controller.power_cycle(now)
        self._lay_out()

    def power_cycle(self, position: int, now: Nanos) -> None:
        """A SubDevice loses its power and has it again before the next frame."""
        self.power_off(position)
        self.power_on(position, now)

    def lose(self, frames: int) -> None:
        """The next so many frames get lost, every other one on its way back."""
        if frames < 0:
            raise InvalidArgument(f"frames must be 0 or more, not {frames}")
        self._to_lose = frames

    def al_error(self, position: int, code: int, now: Nanos) -> None:
        """A SubDevice has an error: AL Status Code ``code``, and from OP down to SAFE-OP."""
        self.controller(position).application.fall(code, now)

    def stick_mailbox(self, position: int, *, stuck: bool = True) -> None:
        """A SubDevice takes nothing from its mailbox and puts nothing there, or does so again.

        Raises:
            InvalidArgument: It has no mailbox.
        """
        mail = self.controller(position).application.mail
        if mail is None:
            raise InvalidArgument(
                f"the SubDevice at position {position} has no mailbox to be stuck"
            )
        mail.stuck = stuck

    def count_wrongly(self, position: int, by: int) -> None:
        """Where a SubDevice takes part in logical addressing it counts ``by`` too much; 0: rightly."""
        self._wrong[self.controller(position)] = by
        self._notice.mapping = True

    # --- what can be seen from outside ---

    def controller(self, position: int) -> Controller:
        """The controller at a position."""
        if not 1 <= position <= len(self._controllers):
            raise InvalidArgument(
                f"there is no SubDevice at position {position}: this segment has "
                f"{len(self._controllers)}, counted from 1"
            )
        return self._controllers[position - 1]

    def outputs(self, position: int) -> bytes:
        """The outputs of a SubDevice as they were written last, in whichever state; empty without any."""
        process = self.controller(position).process
        return bytes(process.memory[process.out.start : process.out.end])

    def inputs(self, position: int) -> bytes:
        """What is read next as inputs of a SubDevice."""
        return self.controller(position).process.inputs

    def state(self, position: int) -> tuple[int, int]:
        """AL Status (with bit 4 for an error) and AL Status Code of a SubDevice."""
        machine = self.controller(position).application.al
        return machine.status, machine.code

    # --- for the segment ---

    def _fate(self, number: int) -> Fate:
        if self._to_lose:
            self._to_lose -= 1
        elif self.losing is None or not self.losing(number):
            return Fate.PASSED
        self._lost += 1
        return Fate.LOST if self._lost % 2 else Fate.LOST_ON_ITS_WAY_BACK

    def _powered(self) -> list[Controller]:
        return [
            one
            for position, one in enumerate(self._controllers, 1)
            if position not in self._without_power
        ]

    def _lay_out(self) -> None:
        """Who is reached by a frame, and after what time."""
        faults = self._unplugged | self._without_power
        reached = min(faults, default=len(self._controllers) + 1) - 1
        self._line = self._controllers[:reached]
        for place, controller in enumerate(self._line):
            behind = reached - 1 - place
            controller.place(place * _HOP, 2 * behind * _HOP if behind else None)
        powered = self._powered()
        self._with_mailbox = [one for one in powered if one.application.mail is not None]
        self._notice.due.intersection_update({one.application for one in powered})
        self._notice.everything()

    def _find_stations(self) -> None:
        self._stations = {}
        for controller in self._line:
            for address in controller.addresses:
                self._stations.setdefault(address, []).append(controller)
        self._notice.stations = False

    def _collect_events(self) -> None:
        self._interrupt = 0
        for controller in self._line:
            self._interrupt |= controller.events.interrupt
        self._notice.events = False
