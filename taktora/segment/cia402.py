"""The state machine of a drive (CiA 402-2, IEC 61800-7-201): control word in, status word out. Pure.

Transitions are numbered as in the standard; 0, 1, 13 and 14 happen by themselves.
"""

from __future__ import annotations

import enum
from typing import Final

__all__ = ["Command", "DriveState", "command_of", "settle", "status_bits", "step"]


class DriveState(enum.Enum):
    """Where the drive is."""

    NOT_READY = "not ready to switch on"
    SWITCH_ON_DISABLED = "switch on disabled"
    READY_TO_SWITCH_ON = "ready to switch on"
    SWITCHED_ON = "switched on"
    OPERATION_ENABLED = "operation enabled"
    QUICK_STOP_ACTIVE = "quick stop active"
    FAULT_REACTION_ACTIVE = "fault reaction active"
    FAULT = "fault"


class Command(enum.Enum):
    """What a control word asks for by its bits 0 to 3 and 7."""

    NONE = enum.auto()
    SHUTDOWN = enum.auto()
    SWITCH_ON = enum.auto()
    """In a drive that is enabled: disable operation."""
    ENABLE_OPERATION = enum.auto()
    DISABLE_VOLTAGE = enum.auto()
    QUICK_STOP = enum.auto()
    FAULT_RESET = enum.auto()


def command_of(control: int, before: int) -> Command:
    """The command in a control word, ``before`` being the one that was there before it.

    A fault reset is a rise of bit 7; while that bit is set there is no other command.
    """
    if control & 0x80:
        return Command.NONE if before & 0x80 else Command.FAULT_RESET
    if not control & 0x02:
        return Command.DISABLE_VOLTAGE
    if not control & 0x04:
        return Command.QUICK_STOP
    if not control & 0x01:
        return Command.SHUTDOWN
    return Command.ENABLE_OPERATION if control & 0x08 else Command.SWITCH_ON


_D, _C, _S = DriveState, Command, DriveState.SWITCH_ON_DISABLED

_TRANSITIONS: Final[dict[tuple[DriveState, Command], DriveState]] = {
    (_S, _C.SHUTDOWN): _D.READY_TO_SWITCH_ON,  # 2
    (_D.READY_TO_SWITCH_ON, _C.SWITCH_ON): _D.SWITCHED_ON,  # 3
    (_D.READY_TO_SWITCH_ON, _C.ENABLE_OPERATION): _D.SWITCHED_ON,  # 3, and then 4
    (_D.READY_TO_SWITCH_ON, _C.QUICK_STOP): _S,  # 7
    (_D.READY_TO_SWITCH_ON, _C.DISABLE_VOLTAGE): _S,  # 7
    (_D.SWITCHED_ON, _C.ENABLE_OPERATION): _D.OPERATION_ENABLED,  # 4
    (_D.SWITCHED_ON, _C.SHUTDOWN): _D.READY_TO_SWITCH_ON,  # 6
    (_D.SWITCHED_ON, _C.QUICK_STOP): _S,  # 10
    (_D.SWITCHED_ON, _C.DISABLE_VOLTAGE): _S,  # 10
    (_D.OPERATION_ENABLED, _C.SWITCH_ON): _D.SWITCHED_ON,  # 5
    (_D.OPERATION_ENABLED, _C.SHUTDOWN): _D.READY_TO_SWITCH_ON,  # 8
    (_D.OPERATION_ENABLED, _C.DISABLE_VOLTAGE): _S,  # 9
    (_D.OPERATION_ENABLED, _C.QUICK_STOP): _D.QUICK_STOP_ACTIVE,  # 11
    (_D.QUICK_STOP_ACTIVE, _C.DISABLE_VOLTAGE): _S,  # 12
    (_D.FAULT, _C.FAULT_RESET): _S,  # 15
}
"""16, from quick stop back to operation, depends on the drive's settings: see :func:`step`."""


def step(state: DriveState, command: Command, *, stays_in_quick_stop: bool = False) -> DriveState:
    """The state after one command.

    Args:
        state: the present one.
        command: see :func:`command_of`.
        stays_in_quick_stop: by quick stop option code (0x605A) 5 to 8: such a drive may be enabled
            again from there.
    """
    if state is DriveState.QUICK_STOP_ACTIVE and command is Command.ENABLE_OPERATION:
        return DriveState.OPERATION_ENABLED if stays_in_quick_stop else state
    return _TRANSITIONS.get((state, command), state)


def settle(state: DriveState, *, stands: bool, stays_in_quick_stop: bool) -> DriveState:
    """The state after what happens by itself in one cycle; ``stands``: the motor has stopped."""
    match state:
        case DriveState.NOT_READY:
            return DriveState.SWITCH_ON_DISABLED  # 1
        case DriveState.FAULT_REACTION_ACTIVE if stands:
            return DriveState.FAULT  # 14
        case DriveState.QUICK_STOP_ACTIVE if stands and not stays_in_quick_stop:
            return DriveState.SWITCH_ON_DISABLED  # 12
    return state


def status_bits(state: DriveState) -> int:
    """Bits 0 to 6 of the status word. The simulated power stage always has voltage (bit 4)."""
    return _STATUS[state]


_STATUS: Final = {  # bit 5 is 0 while a quick stop is active
    _D.NOT_READY: 0b001_0000,
    _D.SWITCH_ON_DISABLED: 0b101_0000,
    _D.READY_TO_SWITCH_ON: 0b011_0001,
    _D.SWITCHED_ON: 0b011_0011,
    _D.OPERATION_ENABLED: 0b011_0111,
    _D.QUICK_STOP_ACTIVE: 0b001_0111,
    _D.FAULT_REACTION_ACTIVE: 0b001_1111,
    _D.FAULT: 0b001_1000,
}
