"""What becomes of an object's bytes: as whoever reads it wants them. Pure."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, Final

from taktora.errors import BusError, WrongType

__all__ = ["nothing", "reader_of"]

_FLOATS: Final = {4: "<f", 8: "<d"}


def nothing(_: bytes) -> None:
    """Writing is answered without data."""


def reader_of(type: Any, *, signed: bool) -> Callable[[bytes], Any]:
    """What makes a value of ``type`` of an object's bytes; it raises ``BusError`` where it cannot.

    Raises:
        WrongType: there is no such thing.
    """
    if type is bytes:
        return bytes
    if type is int:
        return lambda data: int.from_bytes(data, "little", signed=signed)
    if type is str:
        return _text
    if type is float:
        return _float
    raise WrongType(f"an object can be read as bytes, int, float or str, not as {type!r}")


def _float(data: bytes) -> float:
    form = _FLOATS.get(len(data))
    if form is None:
        raise BusError(f"the object has {len(data)} bytes; a float has 4 or 8")
    value: float = struct.unpack(form, data)[0]
    return value


def _text(data: bytes) -> str:
    try:
        return data.rstrip(b"\0").decode()
    except UnicodeDecodeError as error:
        raise BusError(f"the object is no text: {error}; read it as bytes") from error
