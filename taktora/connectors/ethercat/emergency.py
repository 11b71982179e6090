"""An emergency message of a SubDevice (CoE, ETG.1000.6, 5.6.4)."""

from __future__ import annotations

from attrs import frozen

__all__ = ["Emergency"]


@frozen
class Emergency:
    """Something went wrong inside, or is over: code 0x0000."""

    position: int
    """Of the SubDevice on the wire, from 1."""
    code: int
    """Error code; its first byte is the kind: 0x10 generic, 0x20 current, 0x30 voltage, 0x40
    temperature, 0x50 hardware, 0x60 software, 0x80 monitoring, 0xFF the device's own."""
    register: int
    """Object 0x1001: bit 0 is set as long as there is any error."""
    data: bytes
    """Five bytes of the manufacturer's own."""

    def __str__(self) -> str:
        return (
            f"SubDevice {self.position}: emergency 0x{self.code:04X}, error register "
            f"0x{self.register:02X}, data {self.data.hex(' ')}"
        )
