"""What turns values into bytes and back: the protocol that every codec follows."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from taktora.errors import PayloadOverflow

__all__ = ["BytesCodec", "PayloadCodec"]


@runtime_checkable
class PayloadCodec(Protocol):
    """Encodes values into a buffer and decodes them. Stateless: any thread, any number of channels."""

    @property
    def format_name(self) -> str:
        """What the format is called, in errors and configurations."""

    def encode(self, value: Any, buffer: memoryview) -> int:
        """Write ``value`` at the beginning of ``buffer``; how many bytes it took.

        Raises:
            CodecError: the value has no form in this format.
            PayloadOverflow: it needs more bytes than ``buffer`` has.
        """

    def decode(self, data: memoryview, type: Any) -> Any:
        """The value of ``type`` that ``data`` (read-only) stands for; it must not keep ``data``.

        Raises:
            CodecError: ``data`` is nothing of the kind.
        """


class BytesCodec:
    """Base of codecs that have a value's bytes before they know where they go.

    A writer asks such a codec for :meth:`dumps` first, and so loans exactly as much as is needed.
    """

    __slots__ = ()

    format_name = ""

    def dumps(self, value: Any) -> bytes | bytearray | memoryview:
        """The bytes of ``value``; if they are a memoryview, then one of bytes (format ``B``).

        Raises:
            CodecError: the value has no form in this format.
        """
        raise NotImplementedError

    def decode(self, data: memoryview, type: Any) -> Any:
        """The value of ``type`` that ``data`` stands for.

        Raises:
            CodecError: ``data`` is nothing of the kind.
        """
        raise NotImplementedError

    def encode(self, value: Any, buffer: memoryview) -> int:
        """Write ``value`` at the beginning of ``buffer``; how many bytes it took.

        Raises:
            CodecError: the value has no form in this format.
            PayloadOverflow: it needs more bytes than ``buffer`` has.
        """
        data = self.dumps(value)
        size = len(data)
        if size > len(buffer):
            raise PayloadOverflow(size, len(buffer), f"a {self.format_name} value")
        buffer[:size] = data
        return size

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
