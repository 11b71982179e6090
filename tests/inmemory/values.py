"""Payload types that the machine uses, and payloads that say who sent them."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from taktora.errors import TaktoraError


class Tagged(ctypes.Structure):
    _fields_ = [("tag", ctypes.c_uint64), ("weight", ctypes.c_double)]


class Impostor(ctypes.Structure):
    """The same name as far as others can see, but another size."""

    _fields_ = [("tag", ctypes.c_uint64)]

    @staticmethod
    def type_name() -> str:
        return "Tagged"


TYPES: dict[str, Any] = {
    "number": ctypes.c_uint64,
    "structure": Tagged,
    "array": ctypes.c_uint64 * 2,
    "bytes": bytes,
    "dtype": np.dtype((np.uint64, 2)),
    "impostor": Impostor,
}
UNFIT: dict[str, Any] = {
    "text": str,
    "pointer": ctypes.c_char_p,
    "base": ctypes.Structure,
    "no type": object,
}
LARGEST = 64
"""``max_bytes`` where the machine gives one."""


class Interrupted(Exception):
    """Raised by the machine inside a block."""


def tag(sender: int, number: int) -> int:
    """Who sent it, and the how many-th it is."""
    return sender << 32 | number


def sender_of(view: memoryview) -> int:
    """Who sent what is in ``view``."""
    return int.from_bytes(bytes(view[:8]), "little") >> 32


def value(kind: str, number: int, length: int) -> Any:
    """A payload of that kind with the tag ``number``; ``length`` is for bytes."""
    if kind == "number":
        return number
    if kind == "structure":
        return Tagged(number, 1.5)
    if kind == "array":
        return (ctypes.c_uint64 * 2)(number, 7)
    if kind == "dtype":
        return np.array([number, 7], np.uint64)
    if kind == "impostor":
        return Impostor(number)
    return number.to_bytes(8, "little") + bytes(length)


def wrong(kind: str) -> Any:
    """Something that a port of that kind does not carry."""
    if kind == "number":
        return -1
    return "nonsense" if kind != "structure" else Impostor(1)


def write(kind: str, payload: Any, number: int) -> None:
    """Write the tag, and something into whatever else is there, into a payload on loan."""
    if kind == "number":
        payload.value = number
    elif kind in ("structure", "impostor"):
        payload.tag = number
        if kind == "structure":
            payload.weight = 2.5
    elif kind == "bytes":
        payload[:] = number.to_bytes(8, "little") + bytes(len(payload) - 8)
    else:
        payload[0], payload[1] = number, 9


def read(payload: Any) -> Any:
    """What a received payload says."""
    if isinstance(payload, Tagged):
        return (payload.tag, payload.weight)
    if isinstance(payload, Impostor):
        return payload.tag
    if isinstance(payload, memoryview):
        return payload.tobytes()
    if isinstance(payload, int):
        return int(payload)
    return [int(one) for one in payload]


def spoil(payload: Any) -> str:
    """Try to write a received payload, which is refused."""
    try:
        if isinstance(payload, Tagged | Impostor):
            payload.tag = 1
        elif isinstance(payload, int):
            return "a number"
        else:
            payload[0] = 1
    except (TypeError, ValueError, TaktoraError) as error:
        return type(error).__name__
    return "written"
