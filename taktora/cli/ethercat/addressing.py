"""What people write on a command line for a SubDevice, an object, a state."""

from __future__ import annotations

import argparse
from typing import Final

from attrs import frozen

from taktora.connectors.ethercat.bus import AlState
from taktora.connectors.ethercat.object_types import TYPES, ObjectType

__all__ = ["Address", "STATES", "address", "object_type", "position", "state"]

STATES: Final = {
    "init": AlState.INIT,
    "pre-op": AlState.PRE_OP,
    "safe-op": AlState.SAFE_OP,
    "op": AlState.OP,
}
"""Those that a SubDevice can be asked for here."""


@frozen
class Address:
    """One object, or one entry of it."""

    index: int
    subindex: int | None
    """``None``: it was not said."""

    @property
    def sub(self) -> int:
        """0, unless it was said."""
        return self.subindex or 0

    def __str__(self) -> str:
        return f"0x{self.index:04X}:{self.sub:02X}"


def address(text: str) -> Address:
    """``0x1018:01``, ``0x1018``, ``1018:1``: both numbers are hexadecimal, as they are printed."""
    first, colon, second = text.partition(":")
    index = _hexadecimal(first, 0xFFFF)
    subindex = _hexadecimal(second, 0xFF) if colon else None
    if index is None or (colon and subindex is None):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no object; write INDEX or INDEX:SUB, both hexadecimal, as in 0x1018:01"
        )
    return Address(index, subindex)


def position(text: str) -> int:
    """A place on the wire, from 1."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if not 1 <= value <= 0xFFFF:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no position; SubDevices are counted from 1, as taktora ethercat scan does"
        )
    return value


def object_type(text: str) -> ObjectType:
    """``u16``, ``f32``, ``string``, ``bytes``."""
    found = TYPES.get(text.lower())
    if found is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no type; there are bool, u8 to u64, i8 to i64, bit1 to bit8, f32, f64, "
            f"string and bytes"
        )
    return found


def state(text: str) -> AlState:
    """``pre-op``, in any spelling of its letters."""
    name = text.lower().replace("_", "-").replace("preop", "pre-op").replace("safeop", "safe-op")
    if name not in STATES:
        raise argparse.ArgumentTypeError(f"{text!r} is no state; there are {', '.join(STATES)}")
    return STATES[name]


def _hexadecimal(text: str, most: int) -> int | None:
    digits = text.lower().removeprefix("0x")
    if not digits or not set(digits) <= set("0123456789abcdef"):
        return None
    value = int(digits, 16)
    return value if value <= most else None
