"""The mailbox of a SubDevice: headers, counters, errors, and who gets what (ETG.1000.4).

A message is a header of 6 bytes (length, station address, channel and priority, type and counter) and
its data. Counters of both sides go round from 1 to 7: a message with the counter of the one before
is that one once more, sent again by a MainDevice that missed the acknowledgement, and is passed
over. Counter 0 stands outside of this.
"""

from __future__ import annotations

import struct
from collections import deque
from typing import Final

from taktora.errors import InvalidArgument
from taktora.segment.coe import CoeServer, NotServed, emergency
from taktora.segment.object_dictionary import ObjectDictionary

__all__ = ["Mailbox", "MailboxError", "MailboxType"]

HEADER_BYTES: Final = 6
LEAST_BYTES: Final = 32
"""Room for an SDO message of 16 bytes and its header, and for some data; 128 is usual."""

_MOST_WAITING: Final = 2048
"""Answers that nobody fetches, before further requests are dropped: more than any one request has."""
_MOST_EMERGENCIES: Final = 16


class MailboxType:
    """What a message is of."""

    ERROR: Final = 0
    COE: Final = 3


class MailboxError:
    """Why a message cannot be taken (ETG.1000.4, mailbox error reply)."""

    SYNTAX: Final = 0x01
    UNSUPPORTED_PROTOCOL: Final = 0x02
    INVALID_CHANNEL: Final = 0x03
    SERVICE_NOT_SUPPORTED: Final = 0x04
    INVALID_HEADER: Final = 0x05
    SIZE_TOO_SHORT: Final = 0x06
    INVALID_SIZE: Final = 0x08


class Mailbox:
    """A mailbox that speaks CoE. One thread.

    Args:
        objects: what there is behind it.
        size: bytes of each of its two buffers, as SyncManagers 0 and 1 have them.

    Raises:
        InvalidArgument: ``size`` is not 32 to 1486, what one Ethernet frame can carry.
    """

    def __init__(self, objects: ObjectDictionary, size: int = 128) -> None:
        if not LEAST_BYTES <= size <= 1486:
            raise InvalidArgument(f"a mailbox has 32 to 1486 bytes, not {size}")
        self.size = size
        self.coe = CoeServer(objects, size - HEADER_BYTES)
        self.lost_emergencies = 0
        """For which there was no room."""
        self._answers: deque[tuple[int, int, int, bytes]] = deque()
        self._emergencies: deque[bytes] = deque()
        self._heard = self._said = 0

    def reset(self) -> None:
        """The mailbox was switched off: what is under way is dropped, and counters begin anew."""
        self.coe.reset()
        self._answers.clear()
        self._emergencies.clear()
        self._heard = self._said = 0

    def receive(self, message: bytes, now: int) -> None:  # noqa: ARG002  # as the protocol has it
        """Take a message; the answer is :meth:`pending` then. Raises nothing, whatever it is."""
        if len(self._answers) >= _MOST_WAITING:
            return
        if len(message) < HEADER_BYTES:
            self._refuse(0, 0, MailboxError.SIZE_TOO_SHORT)
            return
        length, address, channel, kind = struct.unpack_from("<HHBB", message)
        counter, kind = kind >> 4 & 7, kind & 0x0F
        if counter and counter == self._heard:
            return
        self._heard = counter
        data = message[HEADER_BYTES : HEADER_BYTES + length]
        if kind == MailboxType.ERROR:  # an error is not answered by another
            return
        if len(data) < length:
            self._refuse(address, channel, MailboxError.INVALID_SIZE)
        elif channel & 0x3F:
            self._refuse(address, channel & 0xC0, MailboxError.INVALID_CHANNEL)
        elif kind != MailboxType.COE:
            self._refuse(address, channel, MailboxError.UNSUPPORTED_PROTOCOL)
        else:
            try:
                answers = self.coe.answer(data)
            except NotServed as error:
                self._refuse(address, channel, error.code)
            else:
                self._answers += [(address, channel, MailboxType.COE, one) for one in answers]

    def pending(self, now: int) -> bytes | None:  # noqa: ARG002  # as the protocol has it
        """The next message for the MainDevice: emergencies first; ``None``: nothing to say."""
        if self._emergencies:
            address = channel = 0
            kind, data = MailboxType.COE, self._emergencies.popleft()
        elif self._answers:
            address, channel, kind, data = self._answers.popleft()
        else:
            return None
        self._said = self._said % 7 + 1
        return struct.pack("<HHBB", len(data), address, channel, kind | self._said << 4) + data

    def emergency(self, code: int, register: int = 0, data: bytes = b"") -> None:
        """Queue an emergency message; of more than 16 that nobody fetches, the latest are lost."""
        if len(self._emergencies) >= _MOST_EMERGENCIES:
            self.lost_emergencies += 1
        else:
            self._emergencies.append(emergency(code, register, data))

    def _refuse(self, address: int, channel: int, code: int) -> None:
        reply = struct.pack("<HH", 0x01, code)
        self._answers.append((address, channel, MailboxType.ERROR, reply))
