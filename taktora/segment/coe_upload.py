"""The SDO upload services of CoE: what a SubDevice answers to a MainDevice that reads.

An object of 1 to 4 bytes comes in the answer to the request (expedited), a longer one in a "normal"
answer with its size and as much data as fits, and the rest in segments (ETG.1000.6, SDO upload).
"""

from __future__ import annotations

import struct
from typing import Final

from taktora.segment.aborts import Abort, Refused

__all__ = ["SEGMENT_BYTES", "Upload", "expedited", "first_answer"]

SEGMENT_BYTES: Final = 7
"""Of data in the shortest segment, as CAN has them."""

_HEADER: Final = 10
"""Bytes of CoE header, command, index, subindex and size."""
_SEGMENT_HEADER: Final = 3
"""Bytes of CoE header and command."""


class Upload:
    """One transfer under way; holds what is still to be sent.

    Args:
        index, subindex: of the object.
        data: what is left of it.
        room: bytes of a mailbox message without the mailbox header.
    """

    def __init__(self, index: int, subindex: int, data: bytes, room: int) -> None:
        self.index = index
        self.subindex = subindex
        self._data = data
        self._room = room - _SEGMENT_HEADER
        self._toggle = 0

    def segment(self, command: int) -> tuple[bytes, bool]:
        """The answer to a request for a segment, and whether it is the last.

        Raises:
            Refused: the toggle bit is wrong.
        """
        if command >> 4 & 1 != self._toggle:
            raise Refused(Abort.TOGGLE)
        part, self._data = self._data[: self._room], self._data[self._room :]
        unused = max(0, SEGMENT_BYTES - len(part))
        last = not self._data
        answer = bytes([self._toggle << 4 | unused << 1 | last]) + part + bytes(unused)
        self._toggle ^= 1
        return answer, last


def first_answer(
    index: int, subindex: int, data: bytes, room: int, *, complete: bool
) -> tuple[bytes, bytes]:
    """The answer to a request to upload, and what of ``data`` is left for segments."""
    if 1 <= len(data) <= 4:
        return expedited(index, subindex, data, complete=complete), b""
    here = room - _HEADER
    head = struct.pack("<BHBI", 0x41 | complete << 4, index, subindex, len(data))
    return head + data[:here], data[here:]


def expedited(index: int, subindex: int, data: bytes, *, complete: bool = False) -> bytes:
    """An answer with its 1 to 4 bytes in place of the size."""
    command = 0x43 | complete << 4 | 4 - len(data) << 2
    return struct.pack("<BHB", command, index, subindex) + data.ljust(4, b"\0")
