"""Modes of operation of a drive (CiA 402-2): what an enabled axis aims at, and what it says of that.

Each mode is asked once per cycle, with the object values of the drive.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from taktora.segment.data_types import Value
from taktora.segment.motion import Goal, MoveTo, Run, Track
from taktora.segment.motor import Motor, wrapped

__all__ = ["MODES", "Mode", "number_of"]

Values = Mapping[tuple[int, int], Value]

_NEW_SET_POINT, _AT_ONCE, _RELATIVE, _HALT = 0x0010, 0x0020, 0x0040, 0x0100
"""Bits of the control word in profile position mode, and halt."""

_REACHED, _BIT_12, _BIT_13 = 0x0400, 0x1000, 0x2000
"""Bits of the status word that modes have."""


def number_of(values: Values, index: int) -> int:
    """What an object of one number holds."""
    return int(values[index, 0])


def _rate(values: Values, index: int) -> int:
    """An acceleration; PDOs may bring 0, at which nothing would ever stop."""
    return max(1, number_of(values, index))


class Mode(Protocol):
    """One mode of operation, from when operation was enabled, or the mode chosen."""

    def __init__(self, motor: Motor) -> None: ...

    def goal(self, control: int, before: int, values: Values) -> Goal:
        """What to aim at; ``before``: the control word of the cycle before."""

    def status(self, values: Values) -> int:
        """Bits 10, 12 and 13 of the status word."""


class ProfilePosition:
    """Mode 1: targets one by one, each taken over by a handshake of bits 4 and 12.

    A rise of bit 4 offers a set-point. One that comes while the axis is on its way waits for its turn,
    or replaces the present one if bit 5 is set. Bit 12 is set once a set-point has been taken, and is
    cleared when bit 4 is, unless one waits: then there is no room for another.
    """

    def __init__(self, motor: Motor) -> None:
        self._motor = motor
        self._target = motor.position
        self._waiting: float | None = None
        self._taken = False
        self._halted = False

    def goal(self, control: int, before: int, values: Values) -> Goal:
        """To the target, or to a halt."""
        if self._waiting is not None and self._has_reached(values):
            self._target, self._waiting = self._waiting, None
        if control & ~before & _NEW_SET_POINT:
            self._offer(control, values)
        elif not control & _NEW_SET_POINT and self._waiting is None:
            self._taken = False
        up, down = _rate(values, 0x6083), _rate(values, 0x6084)
        self._halted = bool(control & _HALT)
        if self._halted:
            return Run(0, up, down)
        speed = min(number_of(values, 0x6081), number_of(values, 0x607F))
        return MoveTo(self._target, speed, up, down)

    def status(self, values: Values) -> int:
        """Target reached, set-point acknowledged."""
        if self._halted:
            there = self._motor.stands
        else:
            there = self._waiting is None and self._has_reached(values)
        return (_REACHED if there else 0) | (_BIT_12 if self._taken else 0)

    def _offer(self, control: int, values: Values) -> None:
        target: float = number_of(values, 0x607A)
        if control & _RELATIVE:  # to where the axis is, or will be, going
            last = self._target if self._waiting is None else self._waiting
            target = wrapped(last + target)
        if control & _AT_ONCE or (self._waiting is None and self._has_reached(values)):
            self._target, self._waiting, self._taken = target, None, True
        elif self._waiting is None:
            self._waiting, self._taken = target, True

    def _has_reached(self, values: Values) -> bool:
        return abs(self._target - self._motor.position) <= number_of(values, 0x6067)


class ProfileVelocity:
    """Mode 3: a target speed, with ramps."""

    def __init__(self, motor: Motor) -> None:
        self._motor = motor
        self._speed = 0

    def goal(self, control: int, before: int, values: Values) -> Goal:  # noqa: ARG002
        """The target speed, or a halt."""
        most = number_of(values, 0x607F)
        speed = min(max(number_of(values, 0x60FF), -most), most)
        self._speed = 0 if control & _HALT else speed
        return Run(self._speed, _rate(values, 0x6083), _rate(values, 0x6084))

    def status(self, values: Values) -> int:
        """Target reached, speed is zero."""
        there = abs(self._motor.velocity - self._speed) <= number_of(values, 0x606D)
        zero = abs(self._motor.velocity) <= number_of(values, 0x606F)
        return (_REACHED if there else 0) | (_BIT_12 if zero else 0)


class CyclicPosition:
    """Mode 8: a target position in each cycle; the MainDevice makes the profile."""

    def __init__(self, motor: Motor) -> None:
        self._motor = motor

    def goal(self, control: int, before: int, values: Values) -> Goal:  # noqa: ARG002
        """The target, no faster than the motor can."""
        return Track(number_of(values, 0x607A), number_of(values, 0x607F))

    def status(self, values: Values) -> int:
        """The drive follows; bit 13: not closely enough."""
        behind = abs(wrapped(number_of(values, 0x607A) - self._motor.position))
        return _BIT_12 | (_BIT_13 if behind > number_of(values, 0x6065) else 0)


class CyclicVelocity:
    """Mode 9: a target speed in each cycle."""

    def __init__(self, motor: Motor) -> None:
        pass

    def goal(self, control: int, before: int, values: Values) -> Goal:  # noqa: ARG002
        """The target speed, no faster than the motor can, nor sooner."""
        most = number_of(values, 0x607F)
        speed = min(max(number_of(values, 0x60FF), -most), most)
        return Run(speed, _rate(values, 0x60C5), _rate(values, 0x60C6))

    def status(self, values: Values) -> int:  # noqa: ARG002
        """The drive follows."""
        return _BIT_12


MODES: Final[dict[int, type[Mode]]] = {
    1: ProfilePosition,
    3: ProfileVelocity,
    8: CyclicPosition,
    9: CyclicVelocity,
}
"""By what 0x6060 says."""
