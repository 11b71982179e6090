"""What SOEM's exceptions mean, as ours. Pure: they are told apart by name, so pysoem is not needed.

Most of them print as a bare tuple, and ``WkcError`` as nothing at all.
"""

from __future__ import annotations

from typing import Any, Final

from taktora.connectors.ethercat.sdo_abort import sdo_abort_text
from taktora.errors import BusError, SdoAbort

__all__ = ["as_bus_error"]

_NO_FRAME: Final = -1
_OTHER_FRAME: Final = -2
_TIMEOUT: Final = -5

_WKC: Final = {
    None: "it did not answer at its address, or frames are lost",  # a register
    _NO_FRAME: "no frame came back: look at cables, and whether the interface is up",
    0: "it did not answer at its address: it is off, unplugged, or restarted",
    _OTHER_FRAME: "a frame came back that was not asked for: is another MainDevice on this wire?",
    _TIMEOUT: "its mailbox did not answer in time: it is busy or stuck, or has no such mailbox protocol",
}
_PACKET: Final = {
    1: "it sent a mailbox message that does not belong to what was asked",
    3: "the object is larger than the room that was given for it",
}


def as_bus_error(
    error: BaseException, doing: str, position: int = 0, index: int = 0, subindex: int = 0
) -> BusError:
    """``error`` as one that says what went wrong when ``doing`` what with which SubDevice.

    ``position`` 0: the bus as a whole. ``doing`` completes "while ...": ``mapping process data``.
    The result is to be raised from ``error``.
    """
    of: Any = error
    kind = type(error).__name__
    if kind == "SdoError":
        return SdoAbort(
            position or of.slave_pos,
            of.index if index == 0 else index,
            of.subindex if index == 0 else subindex,
            of.abort_code & 0xFFFF_FFFF,
            sdo_abort_text(of.abort_code & 0xFFFF_FFFF, of.desc),
        )
    if kind == "ConfigMapError":
        parts = [str(as_bus_error(one, doing, position)) for one in of.error_list]
        return BusError("; ".join(parts) or f"{_who(position)}, while {doing}: refused")
    return BusError(f"{_who(position or getattr(of, 'slave_pos', 0))}, while {doing}: {_why(of)}")


def _who(position: int) -> str:
    return f"SubDevice {position}" if position else "the bus"


def _why(error: Any) -> str:
    kind = type(error).__name__
    if kind == "WkcError":
        return _WKC.get(error.wkc) or f"a working counter of {error.wkc} where 1 was expected"
    if kind == "PacketError":
        return _PACKET.get(error.error_code, f"mailbox packet error {error.error_code}")
    if kind == "MailboxError":
        return f"mailbox error 0x{error.error_code:04X}: {error.desc}"
    if kind == "Emergency":
        return f"emergency 0x{error.error_code:04X}, error register 0x{error.error_reg:02X}"
    if kind == "NetworkInterfaceNotOpenError":
        return "the interface is not open"
    return f"{kind}: {error}" if str(error) else kind
