"""Who the simulated SubDevices say they are.

MainDevices take two SubDevices with the same vendor, product and revision for the same thing, and may
reuse for the second what they learnt from the first. So what differs in its process data differs in
its product code.
"""

from __future__ import annotations

import enum
from typing import Final

from taktora.errors import InvalidArgument
from taktora.segment.device import Identity

__all__ = ["VENDOR", "Kind", "identity_of"]

VENDOR: Final = 0x54_41_4B_54
""""TAKT": no number that the EtherCAT Technology Group has given out, and no maker's."""


class Kind(enum.IntEnum):
    """In the uppermost byte of the product code."""

    COUPLER = 0x01
    DIGITAL_IN = 0x02
    DIGITAL_OUT = 0x03
    ANALOG_IN = 0x04
    ANALOG_OUT = 0x05
    LOOPBACK = 0x06
    AXIS = 0x07
    OWN = 0x7F


def identity_of(kind: Kind, size: int = 0, variant: int = 0, *, name: str) -> Identity:
    """The identity of a device of that kind.

    Args:
        kind: what it is.
        size: of its process data, in whatever it counts them; below 65,536.
        variant: what else makes a difference; below 256.
        name: of the device.
    """
    if not (0 <= size < 1 << 16 and 0 <= variant < 1 << 8):
        raise InvalidArgument(f"no product code for {kind.name} of size {size}, variant {variant}")
    return Identity(VENDOR, kind << 24 | variant << 16 | size, name=name)
