"""``bytes`` as payload: each message has its own size."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from typing import Any

from taktora.transport.kind import PayloadKind, import_numpy
from taktora.transport.type_names import checked_type_name

__all__ = ["BytesKind"]


class BytesKind(PayloadKind):
    """Any number of bytes, zero included. Received as a read-only memoryview."""

    __slots__ = ()

    def __init__(self, label: str) -> None:
        self.payload_type = bytes
        self.binding_type = None
        self.type_name = checked_type_name(ctypes.c_uint8)
        self.size = None
        self.alignment = 1
        self.exact = None
        self.label = label

    def source(self, value: Any) -> bytes | memoryview:
        """``value`` as something with a length in bytes that can be copied in one go."""
        if isinstance(value, bytes):
            return value
        try:
            view = memoryview(value)
        except TypeError:
            raise self.wrong_type(value) from None
        if view.ndim == 1 and view.format == "B" and view.contiguous:
            return view
        return view.tobytes()

    def read(self, raw: Any, port: Any = None) -> memoryview:
        """The read-only payload."""
        return self.view(raw, port)

    def writable(self, block: Any) -> memoryview:
        """The payload to write to."""
        if not len(block):
            return memoryview(bytearray())
        return memoryview(block).cast("B")

    def retire(self, payload: memoryview) -> None:
        """Release it; one that others still look through stays valid."""
        with suppress(BufferError):
            payload.release()

    def dtype(self, numpy: Any) -> Any:
        """The numpy dtype of one payload."""
        return numpy.dtype(numpy.uint8)

    def array(self, raw: Any, port: Any = None) -> Any:
        """The received bytes as a one-dimensional read-only ``uint8`` array."""
        numpy = import_numpy()
        return numpy.frombuffer(self.view(raw, port), numpy.uint8)
