"""AL Status of SubDevices as values and as words. Pure."""

from __future__ import annotations

from typing import Final

from taktora.connectors.ethercat.al_status import al_status_text
from taktora.connectors.ethercat.bus import AlState, SubDeviceState

__all__ = ["AL_CONTROL", "AL_STATUS_REGISTER", "as_control", "in_words", "subdevice_state"]

AL_CONTROL: Final = 0x0120
"""Register, 16 bits: the state that is asked for."""
AL_STATUS_REGISTER: Final = 0x0130
"""Register, 16 bits: the state that it is in; 0x0134: why there is an error."""

_STATE: Final = 0x0F
_ERROR: Final = 0x10
_KNOWN: Final = frozenset(AlState)


def subdevice_state(position: int, status: int, code: int) -> SubDeviceState:
    """What AL Status and AL Status Code mean; a status of 0: it did not answer."""
    state = status & _STATE
    error = bool(status & _ERROR)
    code = code if error else 0  # without the flag the code is of an error that is over
    return SubDeviceState(
        position,
        AlState(state) if state in _KNOWN else AlState.NONE,
        error,
        code,
        al_status_text(code),
    )


def as_control(state: AlState, *, acknowledge: bool = False) -> bytes:
    """What is written to AL Control to ask for ``state``."""
    return (state | (_ERROR if acknowledge else 0)).to_bytes(2, "little")


def in_words(one: SubDeviceState) -> str:
    """``in SAFE-OP with an error: SyncManager watchdog ... (AL status code 0x001B)``."""
    if one.state is AlState.NONE:
        return "does not answer"
    if not one.error:
        return f"in {one.state.label}"
    why = one.text or "it does not say why"
    return f"in {one.state.label} with an error: {why} (AL status code 0x{one.al_status:04X})"
