"""A small SDO client for tests: it makes the messages byte by byte, as CiA 301 and ETG.1000.6 say."""

from __future__ import annotations

import struct

from taktora.segment.mailbox import Mailbox
from taktora.segment.object_dictionary import ObjectDictionary


class Aborted(Exception):
    def __init__(self, index: int, subindex: int, code: int) -> None:
        super().__init__(f"0x{index:04X}:{subindex:02X} 0x{code:08X}")
        self.index, self.subindex, self.code = index, subindex, code


class MailboxErrorReply(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(f"0x{code:02X}")
        self.code = code


class SdoClient:
    def __init__(self, mailbox: Mailbox, address: int = 0) -> None:
        self.mailbox = mailbox
        self.address = address
        self.counter = 0
        self.emergencies: list[bytes] = []
        self.messages = 0
        """Answers seen so far."""

    @property
    def room(self) -> int:
        return self.mailbox.size - 6

    def send(self, data: bytes, kind: int = 3, *, counter: int | None = None) -> None:
        if counter is None:
            counter = self.counter = self.counter % 7 + 1
        head = struct.pack("<HHBB", len(data), self.address, 0, kind | counter << 4)
        assert len(head + data) <= self.mailbox.size
        self.mailbox.receive(head + data, 0)

    def fetch(self) -> bytes | None:
        """The next answer, without the mailbox header."""
        while (message := self.mailbox.pending(0)) is not None:
            assert len(message) <= self.mailbox.size
            length, address, channel, kind = struct.unpack_from("<HHBB", message)
            assert (length, channel) == (len(message) - 6, 0)
            if kind & 0x0F == 0:
                assert length == 4
                raise MailboxErrorReply(struct.unpack("<HH", message[6:])[1])
            assert kind & 0x0F == 3
            if message[7] >> 4 == 1:
                self.emergencies.append(message[8:])
                continue
            assert address == self.address
            self.messages += 1
            return message[6:]
        return None

    def ask(self, data: bytes) -> bytes:
        self.send(data)
        answer = self.fetch()
        assert answer is not None, "no answer"
        return answer

    def sdo(self, body: bytes) -> bytes:
        """An SDO request of that body: the body of the answer."""
        answer = self.ask(struct.pack("<H", 0x2000) + body)
        service = answer[1] >> 4
        if answer[2] == 0x80:
            assert service == 2
            raise Aborted(*struct.unpack("<HBI", answer[3:10]))
        assert service == 3
        return answer[2:]

    def read(self, index: int, subindex: int, *, complete: bool = False) -> bytes:
        flag = 0x10 if complete else 0
        first = self.sdo(struct.pack("<BHBI", 0x40 | flag, index, subindex, 0))
        command = first[0]
        assert command >> 5 == 2
        assert command & 0x10 == flag
        assert struct.unpack_from("<HB", first, 1) == (index, subindex)
        if command & 2:
            assert len(first) == 8
            return first[4 : 8 - (command >> 2 & 3)]
        (size,) = struct.unpack_from("<I", first, 4)
        data, toggle, last = first[8:], 0, False
        while len(data) < size:
            assert not last
            part = self.sdo(bytes([0x60 | toggle << 4]) + bytes(7))
            assert part[0] >> 5 == 0
            assert part[0] >> 4 & 1 == toggle
            data += part[1 : len(part) - (part[0] >> 1 & 7)] if len(part) == 8 else part[1:]
            last = bool(part[0] & 1)
            toggle ^= 1
        assert len(data) == size
        return data

    def write(
        self, index: int, subindex: int, data: bytes, *, complete: bool = False,
        segment: int | None = None, normal: bool = False,
    ) -> None:  # fmt: skip
        """``segment``: bytes in one, default: as many as fit; ``normal``: never expedited."""
        flag = 0x10 if complete else 0
        if 1 <= len(data) <= 4 and not normal and segment is None:
            command = 0x23 | flag | 4 - len(data) << 2
            body = struct.pack("<BHB", command, index, subindex) + data.ljust(4, b"\0")
            answer = self.sdo(body)
            assert answer == struct.pack("<BHBI", 0x60 | flag, index, subindex, 0)
            return
        here = self.room - 10 if segment is None else 0
        body = struct.pack("<BHBI", 0x21 | flag, index, subindex, len(data)) + data[:here]
        answer = self.sdo(body)
        assert answer == struct.pack("<BHBI", 0x60 | flag, index, subindex, 0)
        data, toggle = data[here:], 0
        each = self.room - 3 if segment is None else segment
        while data:
            part, data = data[:each], data[each:]
            unused = max(0, 7 - len(part))
            command = toggle << 4 | unused << 1 | (not data)
            answer = self.sdo(bytes([command]) + part + bytes(unused))
            assert answer == bytes([0x20 | toggle << 4]) + bytes(7)
            toggle ^= 1

    def info(self, opcode: int, body: bytes) -> bytes:
        """An SDO information request: the data of all fragments."""
        answer = self.ask(struct.pack("<HBBH", 0x8000, opcode, 0, 0) + body)
        data = b""
        while True:
            assert answer[1] >> 4 == 8
            kind, left = answer[2], struct.unpack_from("<H", answer, 4)[0]
            if kind & 0x7F == 7:
                raise Aborted(0, 0, struct.unpack_from("<I", answer, 6)[0])
            assert kind & 0x7F == opcode + 1
            assert bool(kind & 0x80) == bool(left)
            data += answer[6:]
            if not left:
                return data
            following = self.fetch()
            assert following is not None
            assert struct.unpack_from("<H", following, 4)[0] == left - 1
            answer = following


def client_of(objects: ObjectDictionary, size: int = 128, state: int = 2) -> SdoClient:
    """A client of a fresh mailbox in front of these objects."""
    mailbox = Mailbox(objects, size)
    mailbox.coe.state = state
    return SdoClient(mailbox)
