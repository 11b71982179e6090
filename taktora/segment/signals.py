"""What a SubDevice of one's own exchanges, said in one line each: name, type, beginning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from attrs import field, frozen

from taktora.errors import InvalidArgument
from taktora.segment.data_types import DataType, Value
from taktora.segment.objects import Access, Entry, Object, record
from taktora.segment.pdo import Mapped, Pdo, Side

__all__ = ["Signal", "any_of", "signal_objects", "signal_side"]

_TYPES: Final = {
    "bool": DataType.BOOLEAN,
    **{f"i{bits}": DataType[f"INTEGER{bits}"] for bits in (8, 16, 32, 64)},
    **{f"u{bits}": DataType[f"UNSIGNED{bits}"] for bits in (8, 16, 32, 64)},
    **{f"bit{bits}": DataType[f"BIT{bits}"] for bits in range(2, 9)},
    "f32": DataType.REAL32,
    "f64": DataType.REAL64,
}
_MOST: Final = 254
"""Of one object, and of one PDO."""


def _type(name: str | DataType) -> DataType:
    if isinstance(name, DataType):
        return name
    try:
        return _TYPES[name]
    except (KeyError, TypeError):
        raise InvalidArgument(f"{name!r} is no type; there are {', '.join(_TYPES)}") from None


@frozen
class Signal:
    """One value, as the device's Python sees it by name, and the MainDevice by its bits.

    Raises:
        InvalidArgument, WrongType: no such type, or a beginning that is none of its values.
    """

    name: str
    type: DataType = field(converter=_type)
    """``bool``, ``u8`` to ``u64``, ``i8`` to ``i64``, ``f32``, ``f64``, or ``bit2`` to ``bit8``."""
    initial: Value = field()

    @initial.default
    def _zero(self) -> Value:
        if self.type is DataType.BOOLEAN:
            return False
        return 0.0 if self.type.is_real else 0

    def __attrs_post_init__(self) -> None:
        self.entry(Access.RO)

    def entry(self, access: Access) -> Entry:
        """As a subindex."""
        return Entry(self.name, self.type, self.initial, access)


def signal_objects(
    index: int, name: str, signals: Sequence[Signal], access: Access
) -> Iterator[Object]:
    """One record of them; none if there are none.

    Raises:
        InvalidArgument: more than 254, or a name twice.
    """
    if len(signals) > _MOST:
        raise InvalidArgument(f"{name}: {len(signals)} signals, and there is room for {_MOST}")
    names = [one.name for one in signals]
    for one in names:
        if names.count(one) > 1:
            raise InvalidArgument(f"{name}: {one!r} is there twice; take another name")
    if signals:
        yield record(index, name, [one.entry(access) for one in signals])


def signal_side(pdo: int, name: str, index: int, signals: Sequence[Signal]) -> Side:
    """One PDO with all of them, one after another."""
    if not signals:
        return Side()
    entries = [Mapped(index, sub, one.type.bits) for sub, one in enumerate(signals, 1)]
    return Side((Pdo(pdo, name, tuple(entries)),), fixed=True)


def any_of(signals: Any) -> tuple[Signal, ...]:
    """What a class has declared as its signals.

    Raises:
        InvalidArgument: something else than signals.
    """
    declared = tuple(signals)
    for one in declared:
        if not isinstance(one, Signal):
            raise InvalidArgument(f"{one!r} is no Signal")
    return declared
