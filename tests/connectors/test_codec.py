"""The base of codecs: bytes go to the beginning of a buffer, or are refused whole."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors import BytesCodec, PayloadCodec, PayloadOverflow


class Hex(BytesCodec):
    """Bytes as hexadecimal digits."""

    format_name = "hex"

    def dumps(self, value: Any) -> bytes:
        return bytes(value).hex().encode()

    def decode(self, data: memoryview, type: Any) -> Any:
        return type(bytes.fromhex(bytes(data).decode()))


def test_a_codec_of_that_base_follows_the_protocol():
    assert isinstance(Hex(), PayloadCodec)


@pytest.mark.rule("CORE-40")
@given(value=st.binary(max_size=40), spare=st.integers(-5, 5))
def test_a_value_is_written_at_the_beginning_or_refused_and_nothing_written(
    value: bytes, spare: int
):
    need = 2 * len(value)
    room = max(need + spare, 0)
    buffer = bytearray(b"#" * room)
    if need > room:
        with pytest.raises(PayloadOverflow, match=f"hex value needs {need} bytes") as caught:
            Hex().encode(value, memoryview(buffer))
        assert (caught.value.actual, caught.value.maximum) == (need, room)
        assert buffer == b"#" * room
    else:
        assert Hex().encode(value, memoryview(buffer)) == need
        assert Hex().decode(memoryview(buffer)[:need], bytes) == value
        assert buffer[need:] == b"#" * (room - need)
