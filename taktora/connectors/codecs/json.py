"""JSON (RFC 8259): readable everywhere. The default."""

from __future__ import annotations

import json
from typing import Any, Final

from cattrs import Converter
from cattrs.preconf.json import make_converter

from taktora.connectors.codecs.structured import StructuredCodec, no_duplicates
from taktora.connectors.codecs.wire import Wire

__all__ = ["JsonCodec"]


class JsonCodec(StructuredCodec):
    """JSON in UTF-8, without blanks.

    ``bytes`` are base85 text, times are ISO 8601 text. ``NaN`` and the infinities are no JSON, and
    refused in both directions, as are numbers that are too large for a float. Keys are text;
    those of a ``dict[int, ...]`` are the integer's digits.
    """

    __slots__ = ()

    format_name = "json"
    _wire = Wire("json", bytes_are_text=True, keys_are_text=True)

    def _make_converter(self, **options: Any) -> Converter:
        return make_converter(**options)

    def _pack(self, plain: Any) -> bytes:
        return _encode(plain).encode()

    def _unpack(self, data: memoryview) -> Any:
        text = str(data, "utf-8")
        try:
            plain, end = _decoder.raw_decode(text)
        except json.JSONDecodeError:
            return _decoder.decode(text)  # blanks in front, or really wrong
        return plain if end == len(text) else _decoder.decode(text)


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0.0:
        raise ValueError(f"{text} is too large for a float")
    return number


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


_encode: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
).encode
_decoder: Final = json.JSONDecoder(
    object_pairs_hook=no_duplicates, parse_float=_finite, parse_constant=_refuse
)
