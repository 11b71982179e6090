"""An emergency message of a SubDevice (CoE, ETG.1000.6, 5.6.4)."""

from __future__ import annotations

from typing import Final

from attrs import frozen

__all__ = ["Emergency"]

_KINDS: Final = {
    0x10: "generic",
    0x20: "current",
    0x30: "voltage",
    0x40: "temperature",
    0x50: "hardware",
    0x60: "software",
    0x70: "additional modules",
    0x80: "monitoring",
    0x90: "external",
    0xF0: "additional functions",
    0xFF: "the device's own",
}
"""By the code's first byte, in tens of hexadecimal digits but for the last (CiA 301, 7.2.7.1)."""


@frozen
class Emergency:
    """Something went wrong inside, or is over: code 0x0000."""

    position: int
    """Of the SubDevice on the wire, from 1."""
    code: int
    """Error code; its first byte is the kind, such as 0x40: temperature. 0x0000: no error any more."""
    register: int
    """Object 0x1001: bit 0 is set as long as there is any error."""
    data: bytes
    """Five bytes of the manufacturer's own."""

    def __str__(self) -> str:
        first = self.code >> 8
        kind = _KINDS.get(first) or _KINDS.get(first & 0xF0)
        what = f"0x{self.code:04X}" + (f" ({kind})" if kind else "")
        if not self.code:
            what = f"over ({what})"
        return (
            f"SubDevice {self.position}: emergency {what}, error register 0x{self.register:02X}, "
            f"data {self.data.hex(' ')}"
        )
