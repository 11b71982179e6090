"""The EtherCAT state machine of one SubDevice: which change of state is done, refused or waited for.

ETG.1000.6 (EtherCAT state machine, AL Status Codes): AL Control 0x0120, AL Status 0x0130, AL Status
Code 0x0134. Pure: a request comes in, the state is what can be read afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from taktora.time import Nanos

__all__ = ["BOOT", "INIT", "OP", "PRE_OP", "SAFE_OP", "AlMachine", "is_legal"]

INIT: Final = 1
PRE_OP: Final = 2
BOOT: Final = 3
SAFE_OP: Final = 4
OP: Final = 8

ERROR: Final = 0x10
"""Bit 4 of AL Status: error; of AL Control: acknowledge it."""

INVALID_CHANGE: Final = 0x0011
UNKNOWN_STATE: Final = 0x0012
NO_BOOTSTRAP: Final = 0x0013
INVALID_MAILBOX: Final = 0x0016
INVALID_SYNC_MANAGER: Final = 0x0017
NO_VALID_INPUTS: Final = 0x0018
NO_VALID_OUTPUTS: Final = 0x0019
WATCHDOG: Final = 0x001B
INVALID_OUTPUTS: Final = 0x001D
INVALID_INPUTS: Final = 0x001E

STATES: Final = frozenset({INIT, PRE_OP, BOOT, SAFE_OP, OP})

_LEGAL: Final = frozenset(
    {
        (INIT, PRE_OP),
        (INIT, BOOT),
        (BOOT, INIT),
        (PRE_OP, INIT),
        (PRE_OP, SAFE_OP),
        (SAFE_OP, INIT),
        (SAFE_OP, PRE_OP),
        (SAFE_OP, OP),
        (OP, INIT),
        (OP, PRE_OP),
        (OP, SAFE_OP),
    }
)


def is_legal(current: int, wanted: int) -> bool:
    """Whether the standard knows a transition from one state to another, or to itself."""
    return current == wanted or (current, wanted) in _LEGAL


class AlMachine:
    """State, error and code of one SubDevice.

    Args:
        check: Asked before a transition upwards with the state wanted: 0, or the AL Status Code that
            refuses it.
        entered: Told the old state, the new one and the time.
        outputs_valid: Whether outputs have been written; OP waits for them.
        patience: Nanoseconds that a request for OP waits for valid outputs before it is refused with
            0x0019; ``None``: OP is entered without any.
    """

    __slots__ = (
        "_check",
        "_entered",
        "_outputs_valid",
        "code",
        "error",
        "patience",
        "state",
        "until",
    )

    def __init__(
        self,
        check: Callable[[int], int],
        entered: Callable[[int, int, Nanos], None],
        outputs_valid: Callable[[], bool],
        patience: Nanos | None,
    ) -> None:
        self._check = check
        self._entered = entered
        self._outputs_valid = outputs_valid
        self.patience = patience
        self.state = INIT
        self.error = False
        self.code = 0
        self.until: Nanos | None = None
        """When the request for OP that waits for outputs is refused; ``None``: none waits."""

    @property
    def status(self) -> int:
        """What AL Status says."""
        return self.state | ERROR if self.error else self.state

    def request(self, control: int, now: Nanos) -> None:
        """AL Control was written.

        While there is an error, only a request that acknowledges it (bit 4) or asks for INIT counts.
        A request for something else takes the place of one for OP that still waits.
        """
        wanted = control & 0x0F
        if self.until is not None and wanted == OP:
            return
        if self.error:
            if not control & ERROR and wanted != INIT:
                return
            self.error, self.code = False, 0
        self.until = None
        if wanted not in STATES:
            self._refuse(UNKNOWN_STATE)
        elif wanted == self.state:
            self.code = 0
        elif not is_legal(self.state, wanted):
            self._refuse(INVALID_CHANGE)
        elif wanted == BOOT:
            self._refuse(NO_BOOTSTRAP)
        elif wanted > self.state and (code := self._check(wanted)):
            self._refuse(code)
        elif wanted == OP and self.patience is not None and not self._outputs_valid():
            self.until = now + self.patience
        else:
            self._enter(wanted, now)

    def poll(self, now: Nanos) -> None:
        """Outputs may have come, or time may have passed: go on with a request that waits."""
        if self.until is None:
            return
        if self._outputs_valid():
            self.until = None
            self._enter(OP, now)
        elif now >= self.until:
            self.until = None
            self._refuse(NO_VALID_OUTPUTS)

    def fall(self, code: int, now: Nanos, to: int = SAFE_OP) -> None:
        """Something went wrong by itself: an error with this code, in state ``to`` or lower."""
        self.until = None
        if self.state > to:
            self._enter(to, now)
        self._refuse(code)

    def _refuse(self, code: int) -> None:
        self.error, self.code = True, code

    def _enter(self, state: int, now: Nanos) -> None:
        old, self.state = self.state, state
        self.code = 0
        self._entered(old, state, now)
