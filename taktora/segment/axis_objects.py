"""Objects and PDOs of a drive (CiA 402-2, ETG.6010)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from taktora.segment.data_types import DataType
from taktora.segment.objects import Access, Entry, Object, record, var
from taktora.segment.pdo import Mapped, Pdo, Side

__all__ = ["SERVO_DRIVE", "axis_inputs", "axis_objects", "axis_outputs"]

SERVO_DRIVE: Final = 0x0002_0192
"""Object 0x1000: profile 402, servo drive."""

_SETTING: Final = Access.RW | Access.BACKUP | Access.SETTING
_SUPPORTED: Final = 0b1_1000_0101
"""Object 0x6502: modes 1, 3, 8 and 9, each at one bit less."""


def axis_objects() -> Iterator[Object]:
    """All but those that every CoE device has."""
    i8, i16, i32 = DataType.INTEGER8, DataType.INTEGER16, DataType.INTEGER32
    u8, u16, u32 = DataType.UNSIGNED8, DataType.UNSIGNED16, DataType.UNSIGNED32
    target, actual = Access.RW | Access.RX_PDO, Access.RO | Access.TX_PDO

    def setting(index: int, name: str, kind: DataType, default: int, **more: Any) -> Object:
        return var(index, name, kind, default, access=_SETTING | Access.RX_PDO, **more)

    yield setting(0x6007, "Abort connection option code", i16, 1, minimum=0, maximum=3)
    yield var(0x603F, "Error code", u16, access=actual)
    yield var(0x6040, "Controlword", u16, access=target)
    yield var(0x6041, "Statusword", u16, access=actual)
    yield setting(0x605A, "Quick stop option code", i16, 2, minimum=1, maximum=6)
    yield var(0x6060, "Modes of operation", i8, 8, access=target)
    yield var(0x6061, "Modes of operation display", i8, 8, access=actual)
    yield var(0x6064, "Position actual value", i32, access=actual)
    yield setting(0x6065, "Following error window", u32, 2**32 - 1)
    yield setting(0x6067, "Position window", u32, 0)
    yield var(0x606C, "Velocity actual value", i32, access=actual)
    yield setting(0x606D, "Velocity window", u16, 0)
    yield setting(0x606F, "Velocity threshold", u16, 0)
    yield var(0x607A, "Target position", i32, access=target)
    yield setting(0x607F, "Max profile velocity", u32, 10_000_000)
    yield setting(0x6081, "Profile velocity", u32, 100_000)
    yield setting(0x6083, "Profile acceleration", u32, 1_000_000, minimum=1)
    yield setting(0x6084, "Profile deceleration", u32, 1_000_000, minimum=1)
    yield setting(0x6085, "Quick stop deceleration", u32, 5_000_000, minimum=1)
    yield record(
        0x60C2,
        "Interpolation time period",
        [
            Entry("Value", u8, 1, _SETTING, minimum=1),
            Entry("Index", i8, -3, _SETTING, minimum=-6, maximum=0),
        ],
    )
    yield setting(0x60C5, "Max acceleration", u32, 10_000_000, minimum=1)
    yield setting(0x60C6, "Max deceleration", u32, 10_000_000, minimum=1)
    yield var(0x60F4, "Following error actual value", i32, access=actual)
    yield var(0x60FF, "Target velocity", i32, access=target)
    yield var(0x6502, "Supported drive modes", u32, _SUPPORTED)


_CONTROL, _STATUS = Mapped(0x6040, 0, 16), Mapped(0x6041, 0, 16)
_POSITION, _VELOCITY = Mapped(0x6064, 0, 32), Mapped(0x606C, 0, 32)
_GAP = Mapped(0, 0, 8)


def axis_outputs() -> Side:
    """One RxPDO at a time: for position, for speed, or for any mode, which is the default."""
    target, speed = Mapped(0x607A, 0, 32), Mapped(0x60FF, 0, 32)
    mode = Mapped(0x6060, 0, 8), _GAP
    return _one_of(
        (0x1600, "Cyclic position", (_CONTROL, target)),
        (0x1601, "Cyclic velocity", (_CONTROL, speed)),
        (0x1602, "Any mode", (_CONTROL, *mode, target, speed)),
    )


def axis_inputs() -> Side:
    """One TxPDO at a time, as :func:`axis_outputs`."""
    mode = Mapped(0x6061, 0, 8), _GAP
    return _one_of(
        (0x1A00, "Cyclic position", (_STATUS, _POSITION)),
        (0x1A01, "Cyclic velocity", (_STATUS, _POSITION, _VELOCITY)),
        (0x1A02, "Any mode", (_STATUS, *mode, _POSITION, _VELOCITY, Mapped(0x603F, 0, 16))),
    )


def _one_of(*pdos: tuple[int, str, tuple[Mapped, ...]]) -> Side:
    every = [index for index, _, _ in pdos]
    return Side(
        tuple(
            Pdo(index, name, entries, False, tuple(one for one in every if one != index))
            for index, name, entries in pdos
        ),
        (every[-1],),
    )
