"""CBOR (RFC 8949): a standard, with bytes and integers of any size."""

from __future__ import annotations

import io
from typing import Any, ClassVar, Final

from cattrs import Converter

from taktora.connectors.codecs.structured import StructuredCodec, within_extra
from taktora.connectors.codecs.wire import Wire

__all__ = ["CborCodec"]

_UNDERSTOOD: Final = "0 and 1 (time), 2 and 3 (integers)"
_REFUSED: Final = (
    *(4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799),
)
"""Tags that cbor2 makes objects of by itself: decimals, shared and cyclic values, patterns, ..."""
_SELF_DESCRIBED: Final = b"\xd9\xd9\xf7"  # tag 55799: says that it is CBOR, and nothing else


class CborCodec(StructuredCodec):
    """CBOR. Times are ISO 8601 text; the format's own (tags 0 and 1) are read as well.

    Integers beyond 64 bits are bignums (tags 2 and 3). Other tags are refused.

    Raises:
        MissingExtra: ``cbor2`` is not installed.
    """

    __slots__ = ("_decoder", "_encode", "_options")

    format_name = "cbor"
    requires: ClassVar = {"cbor2": "taktora[cbor]"}
    """What to install for it."""
    _wire = Wire("cbor", lists=frozenset({list, tuple}))

    def __init__(self, *, forbid_extra_keys: bool = True) -> None:
        try:
            import cbor2
        except ImportError as error:
            raise within_extra("cbor") from error
        self._encode, self._decoder = cbor2.dumps, cbor2.CBORDecoder
        self._options: dict[str, Any] = {
            "allow_duplicate_keys": False,
            "semantic_decoders": {tag: _refuse(tag) for tag in _REFUSED},
            "tag_hook": _refuse_other,
        }
        super().__init__(forbid_extra_keys=forbid_extra_keys)

    def _make_converter(self, **options: Any) -> Converter:
        from cattrs.preconf.cbor2 import make_converter

        return make_converter(**options)

    def _pack(self, plain: Any) -> bytes:
        return self._encode(plain)

    def _unpack(self, data: memoryview) -> Any:
        file = io.BytesIO(data)
        if bytes(data[:3]) == _SELF_DESCRIBED:
            file.seek(3)
        plain = self._decoder(file, **self._options).decode()
        if (end := file.tell()) != len(data):
            raise ValueError(f"{len(data) - end} bytes behind the value")
        return plain


def _refuse(tag: int) -> Any:
    def refuse(_value: Any, _immutable: bool) -> Any:
        raise ValueError(f"tag {tag} is not supported; what is: {_UNDERSTOOD}")

    return refuse


def _refuse_other(tag: Any, _immutable: bool) -> Any:
    raise ValueError(f"tag {tag.tag} is not supported; what is: {_UNDERSTOOD}")
