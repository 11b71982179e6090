"""A payload known only by its layout: bytes to whoever has no class for it."""

from __future__ import annotations

import ctypes
from typing import Any

from attrs import field, frozen, validators

from taktora.errors import InvalidArgument, UnsupportedPayload
from taktora.transport.kind import PayloadKind
from taktora.transport.octets import BytesKind

__all__ = ["Layout", "LayoutKind", "layout_kind"]


@frozen
class Layout:
    """What iceoryx2 compares of two payload types. It can stand for a payload type everywhere.

    Payloads are then sent from anything bytes-like and received as read-only memoryviews.
    """

    type_name: str
    size: int = field(validator=validators.ge(1))
    """Bytes of one payload; of one element when ``dynamic``."""
    alignment: int = field(default=1, validator=validators.ge(1))
    """Bytes."""
    dynamic: bool = False
    """Whether each payload has its own number of elements."""


class LayoutKind(PayloadKind):
    """A fixed number of bytes. Sent from anything bytes-like, received as a memoryview."""

    __slots__ = ()

    def __init__(self, layout: Layout, label: str) -> None:
        self.payload_type = layout
        self.binding_type = ctypes.c_ubyte * layout.size
        self.type_name = layout.type_name
        self.size = layout.size
        self.alignment = layout.alignment
        self.exact = None
        self.label = label

    def describe(self) -> str:
        """The type's name, which is all that is known of it."""
        return self.type_name

    def source(self, value: Any) -> bytes:
        """A copy of ``value``, checked."""
        try:
            data = bytes(memoryview(value))
        except TypeError:
            raise self.wrong_type(value) from None
        if len(data) != self.size:
            raise InvalidArgument(
                f"{self.label} carries {self.type_name} of {self.size} bytes, not {len(data)} "
                f"bytes; nothing was sent"
            )
        return data

    def read(self, raw: Any, port: Any = None) -> memoryview:
        """The read-only payload."""
        return self.view(raw, port)

    def writable(self, block: Any) -> memoryview:
        """The payload to write to."""
        return memoryview(block).cast("B")

    def dtype(self, numpy: Any) -> Any:
        """That many ``uint8``."""
        return numpy.dtype((numpy.uint8, (self.size,)))


def layout_kind(layout: Layout, label: str) -> PayloadKind:
    """How payloads of ``layout`` travel.

    Raises:
        UnsupportedPayload: any number of elements that are larger than a byte.
    """
    if not layout.dynamic:
        return LayoutKind(layout, label)
    if (layout.size, layout.alignment) != (1, 1):
        raise UnsupportedPayload(
            f"{label} carries any number of {layout.type_name}, each of {layout.size} bytes; "
            f"taktora can send any number of single bytes only"
        )
    kind = BytesKind(label)
    kind.type_name = layout.type_name
    return kind
