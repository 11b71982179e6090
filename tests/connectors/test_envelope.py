"""The envelope: its layout, its round trip, and that no damaged frame passes."""

from __future__ import annotations

import struct
import sys
import zlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors.envelope import HEADER_SIZE, WHOLE_UP_TO, Envelope, Rejection, seal, unseal
from tests.connectors.mutated_frames import COUNT, WAYS, mutated_frames, sealed

u64, u32 = st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1)


@st.composite
def facts(draw: st.DrawFn) -> dict[str, int | bytes]:
    return {
        "sequence": draw(u64),
        "timestamp_ns": draw(u64),
        "correlation_id": draw(st.binary(max_size=32)),
        "reserved": draw(u32),
    }


def flipped(frame: bytes, bit: int) -> bytes:
    return frame[: bit // 8] + bytes([frame[bit // 8] ^ 1 << bit % 8]) + frame[bit // 8 + 1 :]


@pytest.mark.rule("ENV-01")
def test_each_field_lies_at_its_offset_little_endian():
    frame = sealed(
        b"payload!",
        sequence=0x0102030405060708,
        timestamp_ns=0x1112131415161718,
        correlation_id=bytes(range(0x40, 0x60)),
        reserved=0x21222324,
    )
    assert len(frame) == 72
    assert frame[0:8] == bytes([8, 7, 6, 5, 4, 3, 2, 1])
    assert frame[8:16] == bytes([0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11])
    assert frame[16:48] == bytes(range(0x40, 0x60))
    assert frame[48:52] == bytes([8, 0, 0, 0])
    assert frame[52:56] == bytes([0x24, 0x23, 0x22, 0x21])
    assert frame[56:60] == zlib.crc32(frame[:56] + frame[60:]).to_bytes(4, "little")
    assert frame[60:62] == bytes([2, 0])
    assert frame[62:64] == bytes([0, 0])
    assert frame[64:72] == b"payload!"


@pytest.mark.rule("ENV-01")
def test_a_frame_that_was_written_down_by_hand_is_read():
    """Nobody can change the layout without changing these bytes."""
    frame = bytes.fromhex(
        "0700000000000000 15cd5b0700000000"
        "6162630000000000 0000000000000000 0000000000000000 0000000000000000"
        "05000000 00000000 1a02fa64 0200 0000 68656c6c6f"
    )
    assert unseal(frame) == Envelope(7, 123456789, b"abc".ljust(32, b"\0"), 5, 0)


@pytest.mark.rule("ENV-01")
@given(facts=facts(), payload=st.binary(max_size=200))
def test_seal_writes_what_struct_would(facts: dict[str, int | bytes], payload: bytes):
    correlation = bytes(facts["correlation_id"]).ljust(32, b"\0")
    front = struct.pack("<QQ", facts["sequence"], facts["timestamp_ns"]) + correlation
    front += struct.pack("<II", len(payload), facts["reserved"])
    back = struct.pack("<HH", 2, 0)
    crc = struct.pack("<I", zlib.crc32(front + back + payload))
    assert sealed(payload, **facts) == front + crc + back + payload


@pytest.mark.rule("ENV-02")
@given(facts=facts(), payload=st.binary(max_size=2000), spare=st.binary(max_size=70))
def test_what_was_sealed_is_unsealed(
    facts: dict[str, int | bytes], payload: bytes, spare: bytes
) -> None:
    frame = bytearray(HEADER_SIZE) + payload + spare
    seal(memoryview(frame), len(payload), **facts)  # type: ignore[arg-type]
    found = unseal(memoryview(frame).toreadonly())
    assert isinstance(found, Envelope)
    correlation = bytes(facts["correlation_id"]).ljust(32, b"\0")
    assert found == Envelope(
        sequence=facts["sequence"],  # type: ignore[arg-type]
        timestamp_ns=facts["timestamp_ns"],  # type: ignore[arg-type]
        correlation_id=correlation if any(correlation) else None,
        payload_len=len(payload),
        reserved=facts["reserved"],  # type: ignore[arg-type]
    )
    assert frame[HEADER_SIZE:] == payload + spare, "seal touched more than the header"
    assert unseal(bytes(frame)) == found


@pytest.mark.rule("ENV-02")
def test_no_correlation_id_and_one_of_zeros_are_the_same():
    assert (
        sealed(b"x") == sealed(b"x", correlation_id=bytes(32)) == sealed(b"x", correlation_id=b"")
    )
    assert unseal(sealed(b"x")).correlation_id is None  # type: ignore[union-attr]


@pytest.mark.rule("ENV-02")
def test_a_buffer_that_was_used_before_is_sealed_like_a_new_one():
    old = bytearray(b"\xff" * HEADER_SIZE) + b"x"
    seal(memoryview(old), 1, sequence=3, timestamp_ns=4)
    assert old == sealed(b"x", sequence=3, timestamp_ns=4)


@pytest.mark.rule("ENV-02")
def test_what_cannot_be_sealed_changes_nothing():
    frame = bytearray(b"\xff" * HEADER_SIZE)
    with pytest.raises(struct.error):
        seal(memoryview(frame), 0, sequence=2**64, timestamp_ns=0)
    assert frame == b"\xff" * HEADER_SIZE


@pytest.mark.rule("ENV-03")
@given(facts=facts(), payload=st.binary(max_size=100), data=st.data())
def test_a_bit_that_flipped_is_noticed(
    facts: dict[str, int | bytes], payload: bytes, data: st.DataObject
):
    frame = sealed(payload, **facts)
    bit = data.draw(st.integers(0, len(frame) * 8 - 1))
    assert isinstance(unseal(flipped(frame, bit)), Rejection)


@pytest.mark.rule("ENV-03")
@pytest.mark.parametrize(
    "payload", [b"", b"p", b"forty characters of payload, and a bit".ljust(64)]
)
def test_every_single_bit_of_header_and_payload_matters(payload: bytes):
    frame = sealed(payload, sequence=5, timestamp_ns=1 << 60, correlation_id=b"id", reserved=1)
    assert isinstance(unseal(frame), Envelope)
    accepted = [
        bit
        for bit in range(len(frame) * 8)
        if not isinstance(unseal(flipped(frame, bit)), Rejection)
    ]
    assert accepted == []


@pytest.mark.rule("ENV-03")
@given(payload=st.binary(min_size=1, max_size=100), data=st.data())
def test_whatever_happens_within_four_bytes_is_noticed(payload: bytes, data: st.DataObject):
    """CRC-32 finds every burst of at most 32 bits that lies in what it covers."""
    frame = sealed(payload, sequence=1)
    at = data.draw(st.integers(HEADER_SIZE, len(frame) - 1) | st.integers(0, 52))
    new = data.draw(st.binary(min_size=1, max_size=4))
    damaged = (frame[:at] + new + frame[at + len(new) :])[: len(frame)]
    assert isinstance(unseal(damaged), Envelope) == (damaged == frame)


@pytest.mark.rule("ENV-04")
@given(frame=st.binary(max_size=300))
def test_nothing_is_raised_whatever_the_bytes_are(frame: bytes):
    assert isinstance(unseal(memoryview(frame)), Envelope | Rejection)


@pytest.mark.rule("ENV-04")
def test_ten_thousand_mutated_frames_are_never_raised_on_and_never_taken_for_another():
    seen: Counter[tuple[str, str]] = Counter()
    for one in mutated_frames():
        found = unseal(memoryview(one.frame))
        if isinstance(found, Envelope):
            assert not one.meaning_changed, f"{one.how}: {one.frame.hex()}"
            assert found == unseal(one.original)
        else:
            assert one.meaning_changed, f"{one.how}: refused a frame as it was sealed"
        seen[one.how, getattr(found, "name", "accepted")] += 1
    assert seen.total() == COUNT
    assert {how for how, _ in seen} == set(WAYS)
    assert {result for _, result in seen} == {kind.name for kind in Rejection} | {"accepted"}
    assert seen["extended", "accepted"] == sum(
        n for (how, _), n in seen.items() if how == "extended"
    )


def resealed(frame: bytes) -> bytes:
    """With a checksum that fits whatever is there."""
    return frame[:56] + zlib.crc32(frame[:56] + frame[60:]).to_bytes(4, "little") + frame[60:]


@pytest.mark.rule("ENV-05")
def test_each_reason_is_told_apart():
    frame = sealed(b"payload")
    longer = frame[:48] + (8).to_bytes(4, "little") + frame[52:]
    assert [unseal(frame[:size]) for size in (0, 1, 63)] == [Rejection.SHORT] * 3
    assert unseal(resealed(frame[:60] + b"\1\0\0\0" + frame[64:])) is Rejection.VERSION
    assert unseal(resealed(frame[:60] + b"\3\0\0\0" + frame[64:])) is Rejection.VERSION
    assert unseal(resealed(frame[:60] + b"\2\0\2\0" + frame[64:])) is Rejection.VERSION
    assert unseal(resealed(longer)) is Rejection.LENGTH
    assert unseal(frame[:-1]) is Rejection.LENGTH
    assert unseal(frame[:-1] + b"!") is Rejection.CHECKSUM
    assert unseal(bytes(64)) is Rejection.VERSION


@pytest.mark.rule("ENV-06")
@given(payload=st.binary(max_size=50), spare=st.binary(max_size=100))
def test_what_lies_behind_the_payload_has_no_meaning(payload: bytes, spare: bytes):
    assert unseal(sealed(payload) + spare) == unseal(sealed(payload))


@pytest.mark.rule("ENV-07")
@given(payload=st.binary(max_size=5000), start=u32)
def test_either_checksum_is_that_of_zlib(payload: bytes, start: int):
    from taktora.connectors.checksum import crc32

    assert crc32(b"123456789") == 0xCBF43926, "the check value of CRC-32"
    assert crc32(memoryview(payload), start) == zlib.crc32(payload, start)


@pytest.mark.rule("ENV-07")
def test_without_isal_it_is_zlib(monkeypatch: pytest.MonkeyPatch):
    import importlib

    from taktora.connectors import checksum

    with monkeypatch.context() as without:
        without.setitem(sys.modules, "isal", None)
        without.setitem(sys.modules, "isal.isal_zlib", None)
        assert importlib.reload(checksum).crc32 is zlib.crc32
    importlib.reload(checksum)


@pytest.mark.rule("ENV-08")
@given(payload=st.binary(min_size=1, max_size=200), data=st.data())
def test_a_checksum_of_the_header_alone_guards_the_header_and_not_the_payload(
    payload: bytes, data: st.DataObject
):
    frame = bytearray(HEADER_SIZE) + payload
    seal(memoryview(frame), len(payload), sequence=7, timestamp_ns=8, reserved=9, checksum="header")
    assert unseal(bytes(frame)) == Envelope(7, 8, None, len(payload), 9)
    at = data.draw(st.integers(0, len(frame) - 1))
    frame[at] ^= 1 << data.draw(st.integers(0, 7))
    assert isinstance(unseal(bytes(frame)), Envelope) == (at >= HEADER_SIZE)


@pytest.mark.rule("ENV-09")
@pytest.mark.parametrize(
    ("size", "checksum", "whole"),
    [
        *((size, "auto", size <= 65_536) for size in (0, 65_535, 65_536, 65_537, 1_000_000)),
        *((size, "frame", True) for size in (0, 65_537, 1_000_000)),
        *((size, "header", False) for size in (0, 65_536)),
    ],
)
def test_what_is_guarded_of_payloads_around_64_kib(size: int, checksum: str, whole: bool) -> None:
    assert WHOLE_UP_TO == 65_536
    frame = bytearray(HEADER_SIZE + size)
    seal(memoryview(frame), size, sequence=7, timestamp_ns=8, checksum=checksum)  # type: ignore[arg-type]
    assert frame[62:64] == (b"\0\0" if whole else b"\1\0")
    assert unseal(frame) == Envelope(7, 8, None, size)
    for at in {HEADER_SIZE, HEADER_SIZE + size - 1} if size else ():
        frame[at] ^= 1
        assert unseal(frame) == (Rejection.CHECKSUM if whole else Envelope(7, 8, None, size))
        frame[at] ^= 1
    for at in (0, 48, 56, 63):
        frame[at] ^= 1
        assert isinstance(unseal(frame), Rejection), at
        frame[at] ^= 1


@pytest.mark.rule("ENV-09")
def test_unless_told_otherwise_it_is_auto() -> None:
    for size in (65_536, 65_537):
        plain, auto = bytearray(HEADER_SIZE + size), bytearray(HEADER_SIZE + size)
        seal(memoryview(plain), size, sequence=7, timestamp_ns=8)
        seal(memoryview(auto), size, sequence=7, timestamp_ns=8, checksum="auto")
        assert plain == auto
