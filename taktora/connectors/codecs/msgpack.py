"""MessagePack: small and quick, with bytes."""

from __future__ import annotations

from typing import Any, ClassVar

from cattrs import Converter

from taktora.connectors.codecs.structured import StructuredCodec, no_duplicates, within_extra
from taktora.connectors.codecs.wire import Wire

__all__ = ["MsgpackCodec"]


class MsgpackCodec(StructuredCodec):
    """MessagePack. Times are ISO 8601 text; the format's own timestamps are read as well.

    Integers are at most 64 bits: -2**63 to 2**64 - 1. Its other extension types are refused.

    Raises:
        MissingExtra: ``msgpack`` is not installed.
    """

    __slots__ = ("_packb", "_unpackb")

    format_name = "msgpack"
    requires: ClassVar = {"msgpack": "taktora[msgpack]"}
    """What to install for it."""
    _wire = Wire("msgpack")

    def __init__(self, *, forbid_extra_keys: bool = True) -> None:
        try:
            import msgpack
        except ImportError as error:
            raise within_extra("msgpack") from error
        self._packb, self._unpackb = msgpack.packb, msgpack.unpackb
        super().__init__(forbid_extra_keys=forbid_extra_keys)

    def _make_converter(self, **options: Any) -> Converter:
        from cattrs.preconf.msgpack import make_converter

        return make_converter(**options)

    def _pack(self, plain: Any) -> bytes:
        packed: bytes = self._packb(plain)
        return packed

    def _unpack(self, data: memoryview) -> Any:
        return self._unpackb(
            data,
            timestamp=3,
            strict_map_key=False,
            object_pairs_hook=no_duplicates,
            ext_hook=_refuse,
        )


def _refuse(code: int, data: bytes) -> Any:
    raise ValueError(f"extension type {code} ({len(data)} bytes) is not supported")
