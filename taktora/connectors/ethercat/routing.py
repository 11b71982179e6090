"""Where an EtherCAT channel leads: which bits of which SubDevice's process image, and what they mean."""

from __future__ import annotations

import enum
from typing import Any, Final, Literal

from attrs import field, frozen

from taktora.connectors.ethercat.checking import boolean, duration, one_of, whole
from taktora.connectors.ethercat.field_values import FLOATS, to_bits
from taktora.connectors.ethercat.pdi import LONGEST_FIELD, Field
from taktora.connectors.link import Direction as Way
from taktora.errors import InvalidArgument, WrongType
from taktora.time import Duration

__all__ = ["Direction", "EthercatRouting"]

_LONGEST_NUMBER: Final = 64


class Direction(enum.Enum):
    """Which way the bits go, as a SubDevice sees it: it receives its outputs."""

    RX = "rx"
    """From the MainDevice to the SubDevice: an output."""
    TX = "tx"
    """From the SubDevice to the MainDevice: an input."""


def _subdevice(_: Any, __: Any, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise WrongType(f"subdevice must be a position or a name, not {value!r}")
    if isinstance(value, str):
        if not value.strip():
            raise InvalidArgument("subdevice must not be empty")
    elif not 1 <= value <= 0xFFFF:
        raise InvalidArgument(
            f"subdevice must be a position on the wire, counted from 1, to 65535, not {value}"
        )


def _direction(_: Any, __: Any, value: Any) -> None:
    if not isinstance(value, Direction):
        raise WrongType(f"direction must be Direction.RX or Direction.TX, not {value!r}")


def _bit_length(its: EthercatRouting, attribute: Any, value: Any) -> None:
    whole(1, LONGEST_FIELD)(its, attribute, value)
    if its.kind == "float" and value not in FLOATS:
        raise InvalidArgument(f"bit_length of a float must be 32 or 64, not {value}")
    if its.kind == "int" and value > _LONGEST_NUMBER:
        raise InvalidArgument(
            f"bit_length must be 1 to {_LONGEST_NUMBER}, not {value}; longer fields are of "
            f'kind = "bytes"'
        )


def _signed(its: EthercatRouting, attribute: Any, value: Any) -> None:
    boolean(its, attribute, value)
    if value and its.kind != "int":
        raise InvalidArgument(f'signed is for fields of kind = "int"; this one is of {its.kind!r}')
    if value and its.bit_length == 1:
        raise InvalidArgument("signed needs 2 bits or more; this field has 1")


def _byte_order(its: EthercatRouting, attribute: Any, value: Any) -> None:
    one_of("little", "big")(its, attribute, value)
    if value == "big" and its.bit_length % 8:
        raise InvalidArgument(
            f'byte_order = "big" needs whole bytes; this field has {its.bit_length} bits'
        )


def _safe(its: EthercatRouting, _: Any, value: Any) -> None:
    if isinstance(value, str):
        if value not in ("hold", "zero"):
            raise InvalidArgument(f"safe must be 'hold', 'zero' or a value, not {value!r}")
        if value == "hold" and its.direction is Direction.TX:
            raise InvalidArgument('safe is for outputs (direction = "rx"); this is an input')
        return
    if not isinstance(value, int | float):
        raise WrongType(f"safe must be 'hold', 'zero' or a value, not {value!r}")
    if its.direction is Direction.TX:
        raise InvalidArgument('safe is for outputs (direction = "rx"); this is an input')
    try:
        its.bits_of(value)
    except (InvalidArgument, WrongType) as error:
        raise InvalidArgument(f"safe must fit its field: {error}") from None


def _safe_after(its: EthercatRouting, attribute: Any, value: Any) -> None:
    duration(optional=True)(its, attribute, value)
    if value is None:
        return
    if its.direction is Direction.TX:
        raise InvalidArgument('safe_after is for outputs (direction = "rx"); this is an input')
    if its.safe == "hold":
        raise InvalidArgument('safe_after changes nothing with safe = "hold"; leave one out')


@frozen
class EthercatRouting:
    """Bits of one SubDevice's process image. Immutable, and valid once it is made.

    Offsets count within that SubDevice's own outputs, or inputs, as its PDOs are mapped: bit 0 is
    the lowest bit of the first byte.

    Raises:
        InvalidArgument, WrongType: a value that cannot be.
    """

    subdevice: int | str = field(validator=_subdevice)
    """Position on the wire, from 1; or the name that the options give to it."""
    direction: Direction = field(validator=_direction)
    bit_offset: int = field(validator=whole(0, 8 * 0xFFFF))
    bit_length: int = field(validator=_bit_length)
    """1 to 64; of ``bytes``, to 11888."""
    signed: bool = field(default=False, validator=_signed, kw_only=True)
    """Two's complement."""
    byte_order: Literal["little", "big"] = field(
        default="little", validator=_byte_order, kw_only=True
    )
    """``"big"``: the bytes are in the other order than EtherCAT's own; for whole bytes only."""
    kind: Literal["int", "float", "bytes"] = field(
        default="int", validator=one_of("int", "float", "bytes"), kw_only=True
    )
    """What the bits stand for: a whole number (of 1 bit: true or false), an IEEE 754 number of 32 or
    64 bits, or bytes as they are."""
    safe: Literal["hold", "zero"] | bool | int | float = field(
        default="zero", validator=_safe, kw_only=True
    )
    """What the output becomes when nobody commands it any more: stays, zero, or this value."""
    safe_after: Duration | None = field(default=None, validator=_safe_after, kw_only=True)
    """Also when no value came for so long; ``None``: only when its writers are gone."""

    @property
    def is_routing(self) -> bool:
        """Always true."""
        return True

    @property
    def one_way(self) -> Way:
        """Outputs lead out, inputs in."""
        return Way.OUT if self.direction is Direction.RX else Way.IN

    @property
    def bits(self) -> Field:
        """Its place, to read and write."""
        return Field(self.bit_offset, self.bit_length)

    def bits_of(self, value: Any) -> bytes:
        """``value`` as the bits of this field.

        Raises:
            InvalidArgument, WrongType: it does not fit, or is nothing that such a field has.
        """
        return to_bits(
            value,
            bit_length=self.bit_length,
            kind=self.kind,
            signed=self.signed,
            big=self.byte_order == "big",
        )

    @property
    def safe_bits(self) -> bytes | None:
        """What is written when nobody commands the output any more; ``None``: it stays."""
        if self.safe == "hold":
            return None
        if self.safe == "zero":
            return bytes((self.bit_length + 7) // 8)
        return self.bits_of(self.safe)
