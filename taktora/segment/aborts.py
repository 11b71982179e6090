"""Why an SDO service is refused: abort codes of CiA 301 and ETG.1000.6 (table "SDO abort codes")."""

from __future__ import annotations

import enum
from typing import Final

__all__ = ["Abort", "Refused"]


class Abort(enum.IntEnum):
    """What an SDO abort, or an SDO information error, carries."""

    TOGGLE = 0x05030000
    TIMEOUT = 0x05040000
    COMMAND = 0x05040001
    MEMORY = 0x05040005
    UNSUPPORTED_ACCESS = 0x06010000
    WRITE_ONLY = 0x06010001
    READ_ONLY = 0x06010002
    SUBINDEX_0_FIRST = 0x06010003
    NO_COMPLETE_ACCESS = 0x06010004
    EXCEEDS_MAILBOX = 0x06010005
    NO_OBJECT = 0x06020000
    NOT_MAPPABLE = 0x06040041
    PDO_TOO_LONG = 0x06040042
    INCOMPATIBLE = 0x06040043
    INTERNAL = 0x06040047
    HARDWARE = 0x06060000
    WRONG_LENGTH = 0x06070010
    TOO_LONG = 0x06070012
    TOO_SHORT = 0x06070013
    NO_SUBINDEX = 0x06090011
    VALUE_RANGE = 0x06090030
    VALUE_TOO_GREAT = 0x06090031
    VALUE_TOO_SMALL = 0x06090032
    GENERAL = 0x08000000
    NOT_STORED = 0x08000020
    LOCAL_CONTROL = 0x08000021
    DEVICE_STATE = 0x08000022

    @property
    def text(self) -> str:
        """What it means."""
        return _TEXTS[self]


_TEXTS: Final = {
    Abort.TOGGLE: "the toggle bit did not change",
    Abort.TIMEOUT: "the transfer took too long",
    Abort.COMMAND: "no such command, or not now",
    Abort.MEMORY: "out of memory",
    Abort.UNSUPPORTED_ACCESS: "the object cannot be accessed in this way",
    Abort.WRITE_ONLY: "the object can only be written",
    Abort.READ_ONLY: "the object can only be read",
    Abort.SUBINDEX_0_FIRST: "subindex 0 must be 0 before other subindices are written",
    Abort.NO_COMPLETE_ACCESS: "the object has no complete access",
    Abort.EXCEEDS_MAILBOX: "the object is longer than the mailbox",
    Abort.NO_OBJECT: "the object does not exist",
    Abort.NOT_MAPPABLE: "the object cannot be mapped into a PDO",
    Abort.PDO_TOO_LONG: "the mapped objects exceed the PDO",
    Abort.INCOMPATIBLE: "the parameters do not fit together",
    Abort.INTERNAL: "the device contradicts itself",
    Abort.HARDWARE: "access failed because of a hardware error",
    Abort.WRONG_LENGTH: "type or length of the data do not fit",
    Abort.TOO_LONG: "the data are too long",
    Abort.TOO_SHORT: "the data are too short",
    Abort.NO_SUBINDEX: "the subindex does not exist",
    Abort.VALUE_RANGE: "the value is out of range",
    Abort.VALUE_TOO_GREAT: "the value is too great",
    Abort.VALUE_TOO_SMALL: "the value is too small",
    Abort.GENERAL: "general error",
    Abort.NOT_STORED: "the data could not be stored",
    Abort.LOCAL_CONTROL: "the data could not be stored because of local control",
    Abort.DEVICE_STATE: "the data can be neither read nor written in this state",
}


class Refused(Exception):
    """A service of the object dictionary is not done; the dictionary is as it was.

    A device's own hooks may raise it too.
    """

    def __init__(self, code: Abort) -> None:
        super().__init__(f"{code.text} (abort code 0x{code:08X})")
        self.code = code
