"""Values of channels and images for people. Pure."""

from __future__ import annotations

from typing import Any

from taktora.connectors.ethercat.field_codec import FieldCodec
from taktora.connectors.ethercat.routing import EthercatRouting
from taktora.errors import CodecError

__all__ = ["bits_in_words", "field_in_words", "image_in_words"]

_MOST = 32  # bytes of an image that are shown


def field_in_words(routing: EthercatRouting, payload: bytes) -> str:
    """What the bits of a field stand for: ``true``, ``-12 (0xFFF4)``, ``1.5``."""
    try:
        value: Any = FieldCodec(routing).decode(memoryview(payload), object)
    except CodecError:  # of a gateway with another routing
        return bits_in_words(payload)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return image_in_words(value)
    if isinstance(value, int):
        digits = (routing.bit_length + 3) // 4
        return f"{value} (0x{value & ((1 << routing.bit_length) - 1):0{digits}X})"
    return f"{value:.9g}" if routing.bit_length == 32 else repr(value)


def bits_in_words(payload: bytes) -> str:
    """Bits that nothing is known of: bytes, and as a number if there are few."""
    if not 1 <= len(payload) <= 8:
        return image_in_words(payload)
    number = int.from_bytes(payload, "little")
    return f"{number} (0x{number:0{2 * len(payload)}X})"


def image_in_words(image: bytes | memoryview) -> str:
    """Bytes in hexadecimal, the first ones if there are many."""
    shown = bytes(image[:_MOST]).hex(" ")
    more = len(image) - _MOST
    return f"{shown} and {more} more bytes" if more > 0 else shown or "no bytes"
