"""What a configuration may say of one SubDevice: its PDOs, what to write to it at start, its identity."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import field, frozen

from taktora.connectors.ethercat.checking import boolean, duration, listed, text, tuple_of, whole
from taktora.connectors.ethercat.words import bytes_, number
from taktora.errors import InvalidArgument, WrongType
from taktora.time import Duration

__all__ = ["LONGEST_WATCHDOG", "PdoEntry", "StartupSdo", "SubDeviceMap", "known_bits"]

LONGEST_WATCHDOG = 6.5535
"""Seconds: 65535 steps (register 0x0420) of 100 us, which is the usual divider (register 0x0400)."""
_MOST_BITS = 8 * 0xFFFF
_index = whole(0, 0xFFFF, hexadecimal=True)
_pdo = whole(1, 0xFFFF, hexadecimal=True)  # a list of PDOs has no 0 (ETG.1000.6, 5.6.7.4)
_identity = whole(0, 0xFFFFFFFF, optional=True, hexadecimal=True)


@frozen
class PdoEntry:
    """One PDO, and where in the SubDevice's image it is.

    Raises:
        InvalidArgument, WrongType: a value that cannot be.
    """

    index: int = field(validator=_pdo)
    """Such as ``0x1600`` or ``0x1A00``; it is assigned in the order of the list (0x1C12, 0x1C13)."""
    bit_offset: int | None = field(default=None, validator=whole(0, _MOST_BITS, optional=True))
    """``None``: it begins where the one before it ends."""
    bit_length: int | None = field(default=None, validator=whole(1, _MOST_BITS, optional=True))
    """``None``: only the bus knows."""


@frozen
class StartupSdo:
    """One object that is written in PRE-OP, before PDOs are assigned.

    Either ``value`` with its ``size``, or ``data``.

    Raises:
        InvalidArgument, WrongType: a value that cannot be, or does not fit.
    """

    index: int = field(validator=_index)
    subindex: int = field(default=0, validator=whole(0, 0xFF))
    value: int | float | None = None
    """A float is written as IEEE 754."""
    size: int | None = field(default=None, validator=whole(1, 8, optional=True))
    """Bytes of ``value``."""
    data: bytes | None = None
    """Bytes as they are; in a file, hexadecimal digits."""
    complete: bool = field(default=False, validator=boolean)
    """All subindices at once (complete access)."""

    def __attrs_post_init__(self) -> None:
        if (self.value is None) == (self.data is None):
            raise InvalidArgument("give either value and size, or data")
        if self.data is not None and not isinstance(self.data, bytes):
            raise WrongType(f"data must be bytes, not {self.data!r}")
        if self.data == b"":
            raise InvalidArgument("data must not be empty")
        if self.data is not None and self.size not in (None, len(self.data)):
            raise InvalidArgument(f"size is {self.size}, and data has {bytes_(len(self.data))}")
        if self.value is not None and self.size is None:
            raise InvalidArgument(f"size is missing: how many bytes is {self.value!r}?")
        _ = self.payload

    @property
    def payload(self) -> bytes:
        """What is written."""
        if self.data is not None:
            return self.data
        value: Any = self.value
        size = self.size or 0
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise WrongType(f"value must be a number, not {value!r}")
        if isinstance(value, float):
            if size not in (4, 8):
                raise InvalidArgument(f"size of a float must be 4 or 8, not {size}")
            try:
                return struct.pack("<f" if size == 4 else "<d", value)
            except OverflowError:
                raise InvalidArgument(
                    f"value {value!r} does not fit in a float of 4 bytes"
                ) from None
        if not -(1 << (8 * size - 1)) <= value < 1 << (8 * size):
            raise InvalidArgument(f"value {number(value)} does not fit in {bytes_(size)}")
        return (value & ((1 << (8 * size)) - 1)).to_bytes(size, "little")


def _apart(_: Any, attribute: Any, value: tuple[PdoEntry, ...]) -> None:
    """PDOs of one direction, each behind the one before it or at its own place, none over another."""
    tuple_of(PdoEntry)(_, attribute, value)
    taken: list[tuple[int, int, PdoEntry]] = []
    end: int | None = 0
    for one in value:
        start = end if one.bit_offset is None else one.bit_offset
        end = None if start is None or one.bit_length is None else start + one.bit_length
        if start is None or end is None:
            continue
        for its_start, its_end, other in taken:
            if start < its_end and its_start < end:
                raise InvalidArgument(
                    f"0x{one.index:04X} of {attribute.name} (bits {start} to {end - 1}) overlaps "
                    f"0x{other.index:04X} (bits {its_start} to {its_end - 1})"
                )
        taken.append((start, end, one))


def _entries(value: Any) -> Any:
    """PDOs by their index alone, as entries; everything else as it is."""
    entries = listed(value)
    if not isinstance(entries, tuple):
        return entries
    return tuple(
        PdoEntry(one) if isinstance(one, int) and not isinstance(one, bool) else one
        for one in entries
    )


if TYPE_CHECKING:
    _Pdos: TypeAlias = tuple[PdoEntry, ...]
else:
    _Pdos = tuple[
        PdoEntry | int, ...
    ]  # what may be given, also in a file; entries is what it becomes


def _distinct(its: Any, attribute: Any, value: tuple[PdoEntry, ...]) -> None:
    _apart(its, attribute, value)
    indices = [one.index for one in value]
    for one in indices:
        if indices.count(one) > 1:
            raise InvalidArgument(f"{attribute.name} has 0x{one:04X} twice")


@frozen
class SubDeviceMap:
    """One SubDevice. All but its position may be left out: then it is as it says itself.

    Raises:
        InvalidArgument, WrongType: a value that cannot be.
    """

    subdevice: int = field(validator=whole(1, 0xFFFF))
    """Position on the wire, from 1."""
    name: str | None = field(default=None, validator=text(optional=True))
    """What routings may call it."""
    rx_pdos: _Pdos = field(default=(), converter=_entries, validator=_distinct)
    """PDOs that it receives, or their indices alone; empty: those that it has assigned."""
    tx_pdos: _Pdos = field(default=(), converter=_entries, validator=_distinct)
    """PDOs that it sends, likewise."""
    expected_wkc: int | None = field(default=None, validator=whole(0, 3, optional=True))
    """What it adds to the working counter; ``None``: 2 with outputs, and 1 with inputs."""
    startup_sdos: tuple[StartupSdo, ...] = field(
        default=(), converter=listed, validator=tuple_of(StartupSdo)
    )
    """Written in this order."""
    sm_watchdog: Duration | None = field(
        default=None, validator=duration(most=LONGEST_WATCHDOG, optional=True, zero=True)
    )
    """It leaves OP when no outputs came for so long, up to 6.5535 s; 0: never; ``None``: as it has it."""
    vendor: int | None = field(default=None, validator=_identity)
    """What its vendor id must be; ``None``: any."""
    product: int | None = field(default=None, validator=_identity)
    """What its product code must be; ``None``: any."""

    @property
    def label(self) -> str:
        """For people: ``SubDevice 2 (axis)``."""
        return f"SubDevice {self.subdevice}" + (f" ({self.name})" if self.name else "")


def known_bits(pdos: tuple[PdoEntry, ...]) -> int | None:
    """How many bits the image of these PDOs has; ``None``: only the bus knows."""
    end: int | None = 0
    most = 0
    for one in pdos:
        start = end if one.bit_offset is None else one.bit_offset
        if start is None or one.bit_length is None:
            return None
        end = start + one.bit_length
        most = max(most, end)
    return most if pdos else None
