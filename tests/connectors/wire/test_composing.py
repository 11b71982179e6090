"""Headers apart from their payloads are those of the envelope, and every CRC-32 is the same."""

from __future__ import annotations

import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors import checksum, envelope
from taktora.connectors.envelope import HEADER_SIZE, compose, seal

NUMBERS = st.integers(0, 2**64 - 1)
IDS = st.none() | st.binary(min_size=32, max_size=32)


@pytest.mark.rule("PORT-03")
@given(st.binary(max_size=300), NUMBERS, NUMBERS, IDS, st.integers(0, 2**32 - 1))
def test_a_composed_header_is_the_one_that_seal_writes(
    payload: bytes, sequence: int, stamp: int, correlation_id: bytes | None, reserved: int
) -> None:
    buffer = bytearray(HEADER_SIZE) + payload
    seal(
        buffer,
        len(payload),
        sequence=sequence,
        timestamp_ns=stamp,
        correlation_id=correlation_id,
        reserved=reserved,
    )
    assert compose(payload, sequence, stamp, correlation_id, reserved) + payload == buffer


@pytest.mark.rule("PORT-16")
@given(st.binary(max_size=2_000), st.integers(0, 2**32 - 1))
def test_every_crc_32_gives_the_values_of_zlib(data: bytes, start: int) -> None:
    assert checksum.crc32(data) == zlib.crc32(data)
    assert checksum.crc32(memoryview(data)[1:], start) == zlib.crc32(data[1:], start)


@pytest.mark.rule("PORT-16")
def test_isal_is_taken_when_it_is_there_and_zlib_when_it_is_not() -> None:
    isal_zlib = pytest.importorskip("isal.isal_zlib")
    assert checksum.crc32 is isal_zlib.crc32 is envelope.crc32
    code = (
        "import sys, zlib; sys.modules['isal'] = None\n"
        "from taktora.connectors import checksum, envelope\n"
        "assert checksum.crc32 is zlib.crc32 is envelope.crc32\n"
        "print(envelope.compose(b'payload', 1, 2).hex())"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert bytes.fromhex(done.stdout) == compose(b"payload", 1, 2)
