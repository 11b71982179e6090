"""ctypes structures, unions and arrays as payloads."""

from __future__ import annotations

import ctypes
from typing import Any, Final

from taktora.errors import UnsupportedPayload, WrongType
from taktora.transport.kind import PayloadKind
from taktora.transport.readonly import all_fields, read_only
from taktora.transport.type_names import checked_type_name

__all__ = ["StructureKind", "refuse_pointers"]

_SIMPLE: Final[Any] = ctypes.c_int.__mro__[1]  # ctypes._SimpleCData
_POINTER: Final[Any] = ctypes.POINTER(ctypes.c_int).__mro__[1]  # ctypes._Pointer
_FUNCTION: Final[Any] = ctypes.CFUNCTYPE(None).__mro__[1]  # ctypes._CFuncPtr
_POINTER_CODES: Final = "zZPO"  # c_char_p, c_wchar_p, c_void_p, py_object


def refuse_pointers(payload_type: Any, path: str) -> None:
    """Raise ``UnsupportedPayload`` if anything inside is an address: it means nothing elsewhere."""
    if issubclass(payload_type, _POINTER | _FUNCTION) or (
        issubclass(payload_type, _SIMPLE) and payload_type._type_ in _POINTER_CODES
    ):
        raise UnsupportedPayload(
            f"{path} is a {payload_type.__name__}, an address that means nothing in another "
            f"process; put the value itself into the payload"
        )
    if issubclass(payload_type, ctypes.Array):
        refuse_pointers(payload_type._type_, f"an element of {path}")
    elif issubclass(payload_type, ctypes.Structure | ctypes.Union):
        for name, field_type, *_ in all_fields(payload_type):
            refuse_pointers(field_type, f"{path}.{name}")


class StructureKind(PayloadKind):
    """A fixed layout that ctypes describes. Received as a private, read-only copy."""

    __slots__ = ("_twin",)

    def __init__(self, payload_type: Any, label: str) -> None:
        refuse_pointers(payload_type, payload_type.__name__)
        self.payload_type = self.binding_type = self.exact = payload_type
        self.size = ctypes.sizeof(payload_type)
        self.alignment = ctypes.alignment(payload_type)
        self.label = label
        if not self.size:
            raise UnsupportedPayload(
                f"{payload_type.__name__} has no bytes; a payload needs at least one field"
            )
        self.type_name = checked_type_name(payload_type)
        self._twin = read_only(payload_type)

    def source(self, value: Any) -> Any:
        """What to copy from, checked."""
        if not isinstance(value, self.payload_type):
            raise self.wrong_type(value)
        if ctypes.sizeof(value) != self.size:
            raise WrongType(
                f"{self.label} carries {self.describe()} of {self.size} bytes, not "
                f"{type(value).__name__} of {ctypes.sizeof(value)} bytes; nothing was sent"
            )
        return ctypes.byref(value)

    def read(self, raw: Any, port: Any = None) -> Any:  # noqa: ARG002 - a copy keeps nothing
        """The read-only payload."""
        return self._twin.from_buffer_copy(self.payload_type.from_address(raw.payload_ptr))

    def writable(self, block: Any) -> Any:
        """The payload to write to."""
        return self.payload_type.from_buffer(block)

    def dtype(self, numpy: Any) -> Any:
        """The numpy dtype of one payload."""
        return _dtype_of(numpy, self.payload_type)


def _dtype_of(numpy: Any, layout: Any) -> Any:
    """The dtype of any ctypes layout; numpy's own conversion forgets inherited fields."""
    if issubclass(layout, ctypes.Array):
        return numpy.dtype((_dtype_of(numpy, layout._type_), (layout._length_,)))
    if not issubclass(layout, ctypes.Structure | ctypes.Union):
        return numpy.dtype(layout)
    fields = all_fields(layout)
    if any(len(field) > 2 for field in fields):
        raise UnsupportedPayload(
            f"{layout.__name__} has bit fields, which numpy cannot express; use .payload, or .view "
            f"for the bytes"
        )
    return numpy.dtype(
        {
            "names": [field[0] for field in fields],
            "formats": [_dtype_of(numpy, field[1]) for field in fields],
            "offsets": [getattr(layout, field[0]).offset for field in fields],
            "itemsize": ctypes.sizeof(layout),
        }
    )
