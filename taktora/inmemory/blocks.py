"""Payloads in plain memory: on loan, on the way, and taken."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taktora.inmemory.wires import Lane

__all__ = ["Block", "Header", "SenderId", "Taken", "new_block"]

_address = ctypes.addressof

Block = ctypes.Array[ctypes.c_ubyte]
"""The bytes of one payload. Sending hands on the block itself; nothing is copied."""


@lru_cache(maxsize=1024)
def _block_type(size: int) -> Any:
    return ctypes.c_ubyte * size


def new_block(size: int) -> Block:
    """A block of zeros."""
    block: Block = _block_type(size)()
    return block


class SenderId:
    """Tells a sender from every other one of its fabric."""

    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value = value


class Header:
    """What a receiver may ask about a block."""

    __slots__ = ("number_of_elements", "publisher_id")

    def __init__(self, number_of_elements: int, publisher_id: SenderId | None) -> None:
        self.number_of_elements = number_of_elements
        self.publisher_id = publisher_id
        """Of a sample: who published it."""


class Taken:
    """One payload that a receiver took: borrowed until the last reference is gone."""

    __slots__ = ("_lane", "_owner", "block", "payload_ptr")

    def __init__(self, block: Block, lane: Lane, owner: Any) -> None:
        """``owner`` is kept alive: the receiver's end of the name."""
        self.block = block
        self.payload_ptr = _address(block)
        self._lane = lane
        self._owner = owner
        lane.borrowed += 1

    @property
    def header(self) -> Header:
        """The length of the payload, and whose it is."""
        return Header(len(self.block), self._lane.sender)

    def __del__(self) -> None:
        self._lane.borrowed -= 1
