"""What the tests send, and the smallest codecs that can carry it."""

from __future__ import annotations

import json
from typing import Any

from attrs import asdict, frozen

from taktora.connectors import BytesCodec, CodecError, PayloadOverflow


@frozen
class Reading:
    name: str
    number: int
    speed: float = 0.0
    ok: bool = True
    unit: str = "rpm"


class TinyJson(BytesCodec):
    """JSON of one attrs class, or of whatever json knows."""

    format_name = "tiny json"

    def dumps(self, value: Any) -> bytes:
        try:
            return json.dumps(asdict(value) if isinstance(value, Reading) else value).encode()
        except (TypeError, ValueError) as error:
            raise CodecError(self.format_name, str(error)) from error

    def decode(self, data: memoryview, type: Any) -> Any:
        try:
            found = json.loads(bytes(data))
            return Reading(**found) if type is Reading else found
        except (TypeError, ValueError) as error:
            raise CodecError(self.format_name, str(error)) from error


class InPlace:
    """Writes into the memory that it is given, as a codec of C structures would."""

    format_name = "in place"

    def __init__(self) -> None:
        self.rooms: list[int] = []

    def encode(self, value: bytes, buffer: memoryview) -> int:
        self.rooms.append(len(buffer))
        if len(value) > len(buffer):
            raise PayloadOverflow(len(value), len(buffer))
        buffer[: len(value)] = value
        return len(value)

    def decode(self, data: memoryview, type: Any) -> bytes:
        return bytes(data)


class AsIs(BytesCodec):
    """Bytes, as they are."""

    format_name = "as is"

    def dumps(self, value: Any) -> Any:
        return value

    def decode(self, data: memoryview, type: Any) -> bytes:
        return bytes(data)
