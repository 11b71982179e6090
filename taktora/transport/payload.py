"""What may travel through shared memory: fixed ctypes layouts, numpy dtypes, and bytes."""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING, Any, Final

from taktora.errors import UnsupportedPayload
from taktora.transport.octets import BytesKind
from taktora.transport.scalars import ScalarKind
from taktora.transport.structures import StructureKind

if TYPE_CHECKING:
    from taktora.transport.kind import PayloadKind

__all__ = ["payload_kind"]

_SIMPLE: Final[Any] = ctypes.c_int.__mro__[1]
_CTYPES: Final[Any] = ctypes.c_int.__mro__[2]  # ctypes._CData
_BASES: Final = (ctypes.Structure, ctypes.Union, ctypes.Array)


def payload_kind(payload_type: Any, label: str) -> PayloadKind:
    """How ``payload_type`` travels. ``label`` says whose payload it is, for messages.

    Raises:
        UnsupportedPayload: anything else than a ctypes structure, union, array or scalar without
            pointers, ``bytes``, or an instance of ``numpy.dtype`` without Python objects.
    """
    if payload_type is bytes:
        return BytesKind(label)
    if isinstance(payload_type, type) and issubclass(payload_type, _CTYPES):
        if payload_type in _BASES or payload_type is _SIMPLE:
            raise UnsupportedPayload(f"{payload_type.__name__} is a base class without a layout")
        if issubclass(payload_type, _BASES):
            return StructureKind(payload_type, label)
        return ScalarKind(payload_type, label)
    numpy = sys.modules.get("numpy")  # whoever has a dtype has imported it
    if numpy is not None and isinstance(payload_type, numpy.dtype):
        from taktora.transport.arrays import ArrayKind

        return ArrayKind(payload_type, label)
    raise UnsupportedPayload(
        f"{_named(payload_type)} cannot be the payload of {label}: use a ctypes.Structure, a ctypes "
        f"scalar or array, bytes, or a numpy.dtype instance" + _hint(payload_type)
    )


def _named(payload_type: object) -> str:
    return payload_type.__name__ if isinstance(payload_type, type) else repr(payload_type)


_INSTEAD: Final[dict[object, str]] = {
    int: "ctypes.c_int64",
    float: "ctypes.c_double",
    bool: "ctypes.c_bool",
    str: "bytes",
    bytearray: "bytes",
    memoryview: "bytes",
}


def _hint(payload_type: object) -> str:
    """What was probably meant."""
    if not isinstance(payload_type, type):
        if isinstance(payload_type, _CTYPES):
            return f" (here: the class {type(payload_type).__name__}, not an instance)"
        return ""
    if payload_type in _INSTEAD:
        return f" (here: {_INSTEAD[payload_type]})"
    if payload_type.__module__ == "numpy":
        return f" (here: numpy.dtype(numpy.{payload_type.__name__}))"
    return ""
