"""A simulated servo drive with its motor (CiA 402-2 over CoE, as ETG.6010 has it)."""

from __future__ import annotations

from typing import Final

from taktora.errors import InvalidArgument
from taktora.segment.aborts import Abort, Refused
from taktora.segment.axis_modes import MODES, Mode, number_of
from taktora.segment.axis_objects import SERVO_DRIVE, axis_inputs, axis_objects, axis_outputs
from taktora.segment.cia402 import Command, DriveState, command_of, settle, status_bits, step
from taktora.segment.coe_device import CoeDevice
from taktora.segment.data_types import Value
from taktora.segment.device import Identity
from taktora.segment.identities import Kind, identity_of
from taktora.segment.motion import Run, Track
from taktora.segment.motor import Motor, wrapped
from taktora.time import Nanos

__all__ = ["Axis"]

_OP: Final = 8
_REMOTE: Final = 0x0200
"""Bit 9 of the status word: the control word is followed."""

_FOLLOWING_ERROR: Final = 0x8611
_CONNECTION_LOST: Final = 0x7500

_FAULT, _DISABLE, _STOP = 1, 2, 3
"""What 0x6007 says is to be done when operation is enabled and the MainDevice is gone."""


class Axis(CoeDevice):
    """A drive that follows its control word, with a motor that moves as time goes by.

    Units are increments, increments per second and per second squared. A motor that is not driven is
    braked at the quick stop deceleration (0x6085). Where it stands survives a power cycle, as with
    an absolute encoder. Mode of operation 0 means the one that there is.

    Args:
        identity: default: the same for every axis.
        mailbox_bytes: size of each of the two mailboxes.

    Attributes:
        drive_state: where its state machine is.
        mode: of operation, 1, 3, 8 or 9.
    """

    def __init__(self, *, identity: Identity | None = None, mailbox_bytes: int = 128) -> None:
        super().__init__(
            identity or identity_of(Kind.AXIS, name="axis"),
            axis_objects(),
            axis_outputs(),
            axis_inputs(),
            mailbox_bytes=mailbox_bytes,
            device_type=SERVO_DRIVE,
        )
        self.objects.on_write(0x6060, _check_mode)
        self._motor = Motor()
        self._switch_on()

    def _switch_on(self) -> None:
        self.drive_state = DriveState.NOT_READY
        self.mode = 8
        self._does: Mode | None = None
        self._before = 0
        self._publish(0)

    @property
    def position(self) -> int:
        """Where the motor is, in increments."""
        return round(self._motor.position)

    @property
    def velocity(self) -> int:
        """How fast it is, in increments per second."""
        return round(self._motor.velocity)

    def place(self, position: int) -> None:
        """Put the motor there, at rest, as by hand."""
        if not -(2**31) <= position < 2**31:
            raise InvalidArgument(f"a position has 32 bits with sign, which {position} has not")
        self._motor.place(position)
        self._publish(0)

    def trip(self, code: int = 0xFF00) -> None:
        """Something is wrong: to fault, after a quick stop, with an emergency.

        Args:
            code: error code (0x603F), such as 0x2310 for overcurrent; 1 to 65,535.
        """
        if not 1 <= code <= 0xFFFF:
            raise InvalidArgument(f"an error code is 1 to 65535, not {code}")
        if self.drive_state is not DriveState.FAULT:
            self.drive_state = DriveState.FAULT_REACTION_ACTIVE
        self.objects.put(0x603F, 0, code)
        self.emergency(code, 0x01 | _REGISTER.get(code >> 12, 0x20))

    def power_on(self) -> None:
        """As at the factory, except for where the motor is."""
        super().power_on()
        self._motor.place(self._motor.position)
        self._switch_on()

    def entered(self, state: int, now: int) -> None:
        """Without the MainDevice there is nobody to move for."""
        leaves = self.state == _OP and state != _OP
        super().entered(state, now)
        if not leaves:
            return
        option = number_of(self.objects.values, 0x6007)
        if self.drive_state is DriveState.OPERATION_ENABLED:
            if option == _FAULT:
                self.trip(_CONNECTION_LOST)
            elif option == _DISABLE:
                self.drive_state = DriveState.SWITCH_ON_DISABLED
            elif option == _STOP:
                self.drive_state = DriveState.QUICK_STOP_ACTIVE
        if option:
            self.objects.values[0x6040, 0] = 0

    def update(self, valid: bool, now: Nanos) -> None:  # noqa: ARG002  # see entered()
        """One cycle of the drive."""
        values, motor = self.objects.values, self._motor
        motor.move(now)
        control = number_of(values, 0x6040)
        self._follow(control)
        self._choose_mode()
        goal = None
        if self.drive_state is DriveState.OPERATION_ENABLED:
            if self._does is None:
                self._does = MODES[self.mode](motor)
            goal = self._does.goal(control, self._before, values)
        else:
            self._does = None
        motor.aim(goal or self._stop())
        bits = self._does.status(values) if self._does else 0
        self._before = control
        self._watch(goal if isinstance(goal, Track) else None)
        self._publish(bits)

    def _follow(self, control: int) -> None:
        """The state machine's cycle: what the control word asks for, and what happens by itself."""
        stays = number_of(self.objects.values, 0x605A) >= 5
        command = command_of(control, self._before)
        before = self.drive_state
        state = settle(before, stands=self._motor.stands, stays_in_quick_stop=stays)
        if state is before:
            state = step(state, command, stays_in_quick_stop=stays)
        self.drive_state = state
        if before is DriveState.FAULT and command is Command.FAULT_RESET:
            self.objects.put(0x603F, 0, 0)
            self.emergency(0, 0)

    def _choose_mode(self) -> None:
        wanted = number_of(self.objects.values, 0x6060)
        if wanted in MODES and wanted != self.mode:
            self.mode, self._does = wanted, None

    def _stop(self) -> Run:
        gently = number_of(self.objects.values, 0x605A) in (1, 5)
        gently = gently and self.drive_state is DriveState.QUICK_STOP_ACTIVE
        rate = max(1, number_of(self.objects.values, 0x6084 if gently else 0x6085))
        return Run(0, rate, rate)

    def _watch(self, goal: Track | None) -> None:
        """A following error that is too large is a fault; a window of 2**32 - 1 is none."""
        error = 0 if goal is None else int(wrapped(round(goal.target - self._motor.position)))
        self.objects.values[0x60F4, 0] = error
        window = number_of(self.objects.values, 0x6065)
        if abs(error) > window and window != 2**32 - 1:
            self.trip(_FOLLOWING_ERROR)

    def _publish(self, bits: int) -> None:
        values, motor = self.objects.values, self._motor
        values[0x6041, 0] = status_bits(self.drive_state) | _REMOTE | bits
        values[0x6061, 0] = self.mode
        values[0x6064, 0] = int(wrapped(round(motor.position)))
        values[0x606C, 0] = min(max(round(motor.velocity), -(2**31)), 2**31 - 1)


_REGISTER: Final = {0x2: 0x02, 0x3: 0x04, 0x4: 0x08, 0x8: 0x10}
"""Bits of the error register (0x1001) for the first digit of an error code (CiA 301): current, voltage,
temperature, communication; 0x20 is the profile's own."""


def _check_mode(_: int, value: Value) -> None:
    if value and value not in MODES:
        raise Refused(Abort.VALUE_RANGE)
