"""The shape that every kind of payload has: how it is checked, copied in, read and written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from taktora.errors import MissingExtra, WrongType
from taktora.transport.memory import shared_view

__all__ = ["PayloadKind", "frozen_array", "import_numpy"]


class PayloadKind(ABC):
    """How one channel, request or response lays out its payload. Stateless; any thread."""

    __slots__ = ("alignment", "binding_type", "exact", "label", "payload_type", "size", "type_name")

    payload_type: Any
    """What the user named: a ctypes type, ``bytes`` or a numpy dtype."""
    binding_type: Any
    """What the binding is told; ``None`` for bytes."""
    type_name: str
    """What other processes, in any language, compare."""
    size: int | None
    """Bytes of one payload; ``None`` when each payload has its own size."""
    alignment: int
    """Bytes."""
    exact: Any
    """Instances of exactly this class need no check and can be copied by ``ctypes.byref``."""
    label: str
    """Whose payload this is, for messages: ``channel 'imu'``."""

    @abstractmethod
    def source(self, value: Any) -> Any:
        """What to copy from for ``value``; raises ``WrongType`` or ``InvalidArgument``."""

    @abstractmethod
    def read(self, raw: Any, port: Any = None) -> Any:
        """The read-only payload of a received raw sample, request or response.

        What looks at shared memory keeps ``raw`` alive, and ``port``.
        """

    @abstractmethod
    def writable(self, block: Any) -> Any:
        """The payload to write to, in the memory of ``block`` (a ctypes byte array)."""

    @abstractmethod
    def dtype(self, numpy: Any) -> Any:
        """The numpy dtype of one payload; raises ``UnsupportedPayload`` when there is none."""

    def retire(self, payload: Any) -> None:  # noqa: B027 - most kinds have nothing to do
        """Make what :meth:`writable` gave as unusable as its type allows."""

    def length(self, raw: Any) -> int:
        """Bytes of a received payload."""
        return self.size if self.size is not None else raw.header.number_of_elements

    def view(self, raw: Any, port: Any = None) -> memoryview:
        """The received bytes: read-only, in shared memory, kept alive."""
        return shared_view(raw.payload_ptr, self.length(raw), raw, port)

    def array(self, raw: Any, port: Any = None) -> Any:
        """The received payload as a read-only ndarray in shared memory, kept alive."""
        numpy = import_numpy()
        return frozen_array(numpy, self.dtype(numpy), self.view(raw, port))

    def wrong_type(self, value: object) -> WrongType:
        """The error for a value that this kind does not carry."""
        return WrongType(
            f"{self.label} carries {self.describe()}, not {type(value).__name__}; nothing was sent"
        )

    def describe(self) -> str:
        """The payload type as people name it."""
        return getattr(self.payload_type, "__name__", None) or repr(self.payload_type)

    def __repr__(self) -> str:
        size = "any size" if self.size is None else f"{self.size} bytes"
        return f"<{type(self).__name__} {self.type_name!r}, {size}, of {self.label}>"


def frozen_array(numpy: Any, dtype: Any, view: memoryview) -> Any:
    """The bytes of ``view`` as one ``dtype``, read-only for good.

    ``numpy.ndarray(buffer=view)`` would look behind the memoryview and let ``flags.writeable`` be
    switched on, and the first write would end the process.
    """
    return numpy.frombuffer(view, dtype.base).reshape(dtype.shape)


def import_numpy() -> Any:
    """The numpy module.

    Raises:
        MissingExtra: numpy is not installed.
    """
    try:
        import numpy as np
    except ImportError as exc:
        raise MissingExtra("this needs numpy: pip install 'taktora[numpy]'") from exc
    return np
