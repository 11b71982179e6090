"""CAN application protocol over EtherCAT: one SDO server, and emergencies (ETG.1000.6).

One transfer at a time: a new request ends the one that is under way. Messages here have no mailbox
header, as :mod:`taktora.segment.mailbox` puts it in front.
"""

from __future__ import annotations

import struct
from typing import Final

from taktora.segment.aborts import Abort, Refused
from taktora.segment.coe_download import Download, Request
from taktora.segment.coe_info import information
from taktora.segment.coe_upload import Upload, first_answer
from taktora.segment.complete_access import complete_download, complete_size, complete_upload
from taktora.segment.object_dictionary import ObjectDictionary

__all__ = ["CoeServer", "NotServed", "emergency"]

_EMERGENCY, _SDO_REQUEST, _SDO_RESPONSE, _SDO_INFORMATION = 1, 2, 3, 8
"""Services, in bits 12 to 15 of the CoE header."""

_SHORTEST: Final = 8
"""Bytes of an SDO message without the CoE header."""


class NotServed(Exception):
    """A message that is no SDO service; ``code`` is that of the mailbox error (ETG.1000.4)."""

    SERVICE: Final = 0x04
    SHORT: Final = 0x06

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def emergency(code: int, register: int, data: bytes = b"") -> bytes:
    """An emergency message: error code, error register (0x1001), 5 bytes of the manufacturer's."""
    head = struct.pack("<HHB", _EMERGENCY << 12, code, register)
    return head + data[:5].ljust(5, b"\0")


class CoeServer:
    """Answers to what a MainDevice asks. One thread.

    Args:
        objects: what there is to be read and written.
        room: bytes of a mailbox message without the mailbox header, in both directions.
    """

    def __init__(self, objects: ObjectDictionary, room: int) -> None:
        self.objects = objects
        self.state = 1
        """AL state that access is judged by."""
        self._room = room
        self._upload: Upload | None = None
        self._download: Download | None = None

    def reset(self) -> None:
        """Forget the transfer that is under way."""
        self._upload = self._download = None

    def answer(self, message: bytes) -> list[bytes]:
        """What is to be sent for a message that has come; may be nothing.

        Raises:
            NotServed: it is no message that an SDO server knows.
        """
        if len(message) < 2:
            raise NotServed(NotServed.SHORT)
        service, body = message[1] >> 4, message[2:]
        if service == _SDO_INFORMATION:
            head = struct.pack("<H", _SDO_INFORMATION << 12)
            return [head + one for one in information(self.objects, body, self._room)]
        if service != _SDO_REQUEST:
            raise NotServed(NotServed.SERVICE)
        if len(body) < _SHORTEST:
            raise NotServed(NotServed.SHORT)
        index, subindex = self._address(body)
        try:
            answer = self._sdo(body)
        except Refused as refused:
            self.reset()
            abort = struct.pack("<HBHBI", _SDO_REQUEST << 12, 0x80, index, subindex, refused.code)
            return [abort]
        return [struct.pack("<H", _SDO_RESPONSE << 12) + answer] if answer else []

    def _address(self, body: bytes) -> tuple[int, int]:
        """Which entry it is about; a segment does not say, the transfer does."""
        transfer = {0: self._download, 3: self._upload}.get(body[0] >> 5)
        if transfer is not None:
            return transfer.index, transfer.subindex
        if body[0] >> 5 in (0, 3):
            return 0, 0
        index, subindex = struct.unpack_from("<HB", body, 1)
        return index, subindex

    def _sdo(self, body: bytes) -> bytes:
        match body[0] >> 5:
            case 0:
                return self._download_segment(body)
            case 1:
                return self._start_download(body)
            case 2:
                return self._start_upload(body)
            case 3:
                return self._upload_segment(body[0])
            case 4:  # the MainDevice gives up
                self.reset()
                return b""
        raise Refused(Abort.COMMAND)

    def _start_upload(self, body: bytes) -> bytes:
        self.reset()
        command, index, subindex = struct.unpack_from("<BHB", body)
        complete = bool(command & 0x10)
        read = complete_upload if complete else ObjectDictionary.upload
        data = read(self.objects, index, subindex, self.state)
        answer, rest = first_answer(index, subindex, data, self._room, complete=complete)
        if rest:
            self._upload = Upload(index, subindex, rest, self._room)
        return answer

    def _upload_segment(self, command: int) -> bytes:
        if self._upload is None:
            raise Refused(Abort.COMMAND)
        answer, last = self._upload.segment(command)
        if last:
            self.reset()
        return answer

    def _start_download(self, body: bytes) -> bytes:
        self.reset()
        command, index, subindex = struct.unpack_from("<BHB", body)
        complete = bool(command & 0x10)
        if complete:
            most = natural = complete_size(self.objects, index, subindex, self.state)
        else:
            self.objects.may_write(index, subindex, self.state)
            most = natural = (self.objects.entry(index, subindex).bits + 7) // 8
        request = Request(body, natural)
        if request.size > most:
            raise Refused(Abort.TOO_LONG)
        transfer = Download(index, subindex, request, complete=complete)
        if request.is_whole:
            self._store(transfer)
        else:
            self._download = transfer
        return struct.pack("<BHBI", 0x60 | complete << 4, index, subindex, 0)

    def _download_segment(self, body: bytes) -> bytes:
        transfer = self._download
        if transfer is None:
            raise Refused(Abort.COMMAND)
        answer, last = transfer.segment(body)
        if last:
            self._store(transfer)
            self.reset()
        return answer

    def _store(self, transfer: Download) -> None:
        write = complete_download if transfer.complete else ObjectDictionary.download
        write(self.objects, transfer.index, transfer.subindex, transfer.data, self.state)
