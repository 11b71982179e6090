"""Raw bytes: what is sent is what arrives, and nobody looks at it."""

from __future__ import annotations

from typing import Any

from taktora.connectors.codec import BytesCodec
from taktora.connectors.codecs.reasons import shortened
from taktora.connectors.codecs.wire import type_name
from taktora.errors import CodecError

__all__ = ["RawCodec"]

_COPIES: dict[Any, Any] = {
    bytes: bytes,
    bytearray: bytearray,
    memoryview: lambda data: memoryview(bytes(data)),
    Any: bytes,
    object: bytes,
}


class RawCodec(BytesCodec):
    """Bytes as they are. Anything with a buffer can be sent: ``bytes``, ``bytearray``,
    ``memoryview``, arrays of ``array`` and numpy, ctypes structures.

    They are read as ``bytes``, ``bytearray`` or ``memoryview``, each a copy.
    """

    __slots__ = ()

    format_name = "raw"

    def dumps(self, value: Any) -> bytes | bytearray | memoryview:
        """The bytes of ``value``: itself, or a view of it; copied if it is not contiguous.

        Raises:
            CodecError: ``value`` has no buffer.
        """
        if value.__class__ is bytes or value.__class__ is bytearray:
            plain: bytes | bytearray = value
            return plain
        try:
            view = memoryview(value)
            if view.c_contiguous and view.nbytes:
                return view.cast("B")
            return view.tobytes()
        except (TypeError, ValueError, BufferError) as error:
            reason = f"a value of type {type_name(value.__class__)} is no bytes: {shortened(error)}"
            raise CodecError(self.format_name, reason) from error

    def decode(self, data: memoryview, type: Any) -> Any:
        """A copy of ``data`` as ``bytes``, ``bytearray`` or ``memoryview``.

        Raises:
            CodecError: ``type`` is another one.
        """
        try:
            copy = _COPIES[type]
        except (KeyError, TypeError):
            reason = f"bytes are read as bytes, bytearray or memoryview, not as {type_name(type)}"
            raise CodecError(self.format_name, reason) from None
        return copy(data)
