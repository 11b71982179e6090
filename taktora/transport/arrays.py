"""numpy dtypes as payloads: plain, structured or with a shape. Imported only when one is used."""

from __future__ import annotations

import ctypes
import hashlib
from typing import Any, Final

from taktora.errors import UnsupportedPayload, WrongType
from taktora.transport.kind import PayloadKind, frozen_array, import_numpy

__all__ = ["ArrayKind", "layout_name"]

_LONGEST_NAME: Final = 200
_COPY_BELOW: Final = 4096  # bytes; up to here tobytes() is cheaper than asking for the address


def layout_name(dtype: Any) -> str:
    """A name that two dtypes share exactly when their bytes mean the same.

    Names, formats, byte order, offsets, padding and shapes go in; titles and metadata do not.
    """
    name = f"numpy:{_layout(dtype)}"
    if len(name) <= _LONGEST_NAME and name.isascii():
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:32]
    return f"numpy:sha256:{digest}:{dtype.itemsize}"


def _layout(dtype: Any) -> str:
    if dtype.subdtype is not None:
        shape = ",".join(map(str, dtype.shape))
        return f"({shape}){_layout(dtype.base)}"
    if dtype.names is None:
        return str(dtype.str)
    fields = (dtype.fields[name] for name in dtype.names)
    inner = ",".join(
        f"{name}@{offset}:{_layout(field)}"
        for name, (field, offset, *_) in zip(dtype.names, fields, strict=True)
    )
    return f"{{{inner}}}{dtype.itemsize}"


class ArrayKind(PayloadKind):
    """A fixed layout that numpy describes. Received as a read-only ndarray in shared memory."""

    __slots__ = ("_base", "_numpy", "_shape")

    def __init__(self, dtype: Any, label: str) -> None:
        if dtype.hasobject:
            raise UnsupportedPayload(f"{dtype!r} holds Python objects, which live in one process")
        if not dtype.itemsize:
            raise UnsupportedPayload(f"{dtype!r} has no bytes; a payload needs at least one")
        self._numpy = import_numpy()
        self.payload_type = dtype
        self.binding_type = ctypes.c_ubyte * dtype.itemsize
        self.type_name = layout_name(dtype)
        self.size = dtype.itemsize
        self.alignment = dtype.alignment
        self.exact = None
        self.label = label
        self._shape, self._base = dtype.shape, dtype.base

    def describe(self) -> str:
        """The dtype as numpy shows it."""
        return repr(self.payload_type)

    def source(self, value: Any) -> Any:
        """What to copy from, checked."""
        numpy = self._numpy
        if not isinstance(value, numpy.ndarray | numpy.generic):
            raise self.wrong_type(value)
        if value.dtype != self._base or value.shape != self._shape:
            shape = f" of shape {value.shape}" if value.shape else ""
            raise WrongType(
                f"{self.label} carries {self.describe()}, not an array of {value.dtype!r}{shape}; "
                f"nothing was sent"
            )
        if value.nbytes <= _COPY_BELOW or not value.flags.c_contiguous:
            return value.tobytes()
        return value.ctypes.data

    def read(self, raw: Any, port: Any = None) -> Any:
        """The read-only payload."""
        return frozen_array(self._numpy, self.payload_type, self.view(raw, port))

    def writable(self, block: Any) -> Any:
        """The payload to write to."""
        return self._numpy.ndarray(self._shape, self._base, buffer=block)

    def retire(self, payload: Any) -> None:
        """Make it read-only."""
        payload.flags.writeable = False

    def dtype(self, numpy: Any) -> Any:  # noqa: ARG002
        """The numpy dtype of one payload."""
        return self.payload_type
