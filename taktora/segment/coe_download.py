"""The SDO download services of CoE: what a SubDevice does when a MainDevice writes.

Up to 4 bytes come in the request itself (expedited); more come after their size (normal), as much as
fits in the mailbox, and the rest in segments (ETG.1000.6, SDO download).
"""

from __future__ import annotations

import struct
from typing import Final

from taktora.segment.aborts import Abort, Refused
from taktora.segment.coe_upload import SEGMENT_BYTES

__all__ = ["Download", "Request"]

_SEGMENT_ANSWER: Final = 0x20


class Request:
    """The first message of a download, taken apart.

    Args:
        message: without mailbox and CoE header; 8 bytes or more.
        natural: the size of the object, for expedited data that do not say theirs.

    Raises:
        Refused: it says neither that it is expedited nor how much is coming, or holds more than it says.
    """

    def __init__(self, message: bytes, natural: int) -> None:
        command = message[0]
        if command & 0x02:
            size = 4 - (command >> 2 & 3) if command & 0x01 else min(4, natural)
            self.size = size
            """Bytes of the object."""
            self.data = message[4 : 4 + size]
            """Those of them that are here."""
            return
        if not command & 0x01:
            raise Refused(Abort.COMMAND)
        (self.size,) = struct.unpack_from("<I", message, 4)
        self.data = message[8:]
        if len(self.data) > self.size:
            raise Refused(Abort.WRONG_LENGTH)

    @property
    def is_whole(self) -> bool:
        """No segments follow."""
        return len(self.data) == self.size


class Download:
    """One transfer under way; collects what has come.

    Args:
        index, subindex: of the object.
        complete: the whole object.
        request: its first message.
    """

    def __init__(self, index: int, subindex: int, request: Request, *, complete: bool) -> None:
        self.index = index
        self.subindex = subindex
        self.complete = complete
        self.data = request.data
        """What has come."""
        self._size = request.size
        self._toggle = 0

    def segment(self, message: bytes) -> tuple[bytes, bool]:
        """Take a segment: the answer, and whether it was the last.

        Raises:
            Refused: the toggle bit is wrong, or there is more or less than was said.
        """
        command, data = message[0], message[1:]
        if command >> 4 & 1 != self._toggle:
            raise Refused(Abort.TOGGLE)
        if len(data) == SEGMENT_BYTES:  # only then does the command say how many of them count
            data = data[: SEGMENT_BYTES - (command >> 1 & 7)]
        self.data += data
        last = bool(command & 1)
        if len(self.data) > self._size:
            raise Refused(Abort.TOO_LONG)
        if last and len(self.data) < self._size:
            raise Refused(Abort.TOO_SHORT)
        answer = bytes([_SEGMENT_ANSWER | self._toggle << 4]) + bytes(SEGMENT_BYTES)
        self._toggle ^= 1
        return answer, last
