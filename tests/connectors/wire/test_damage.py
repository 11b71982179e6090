"""Damaged frames, and frames that no codec can read: counted, told, passed over."""

from __future__ import annotations

import gc
import random
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from taktora.connectors import ChannelDescriptor, CodecError, Rejection
from taktora.connectors.envelope import HEADER_SIZE, compose, unseal

from .conftest import Wire
from .values import AsIs, InPlace, Reading, TinyJson

pytestmark = pytest.mark.virtual

MUTANTS = 10_000
LARGEST = HEADER_SIZE + 256


def mutants(frame: bytes, count: int) -> Iterator[bytes]:
    """Every single flipped bit, every length, and then whatever chance makes of it."""
    chance = random.Random(20)
    made = 0
    for bit in range(len(frame) * 8):
        yield flipped(frame, bit)
        made += 1
    for size in range(len(frame)):
        yield frame[:size]
        made += 1
    while made < count:
        kind, made = chance.randrange(6), made + 1
        if kind == 0:  # several bits
            mutant = frame
            for _ in range(chance.randint(2, 40)):
                mutant = flipped(mutant, chance.randrange(len(frame) * 8))
            yield mutant
        elif kind == 1:  # cut and flipped
            mutant = frame[: chance.randint(1, len(frame))]
            yield flipped(mutant, chance.randrange(len(mutant) * 8))
        elif kind == 2:  # longer, by zeros or by anything
            more = chance.randint(1, LARGEST - len(frame))
            yield frame + (bytes(more) if chance.random() < 0.5 else chance.randbytes(more))
        elif kind == 3:  # noise
            yield chance.randbytes(chance.randint(0, LARGEST))
        elif kind == 4:  # a field of the header is anything
            at, size = chance.choice([(0, 8), (8, 8), (16, 32), (48, 4), (52, 4), (56, 4), (60, 4)])
            yield frame[:at] + chance.randbytes(size) + frame[at + size :]
        else:  # a piece somewhere else
            at, to, size = (chance.randrange(len(frame)) for _ in range(3))
            piece = frame[at : at + size]
            yield (frame[:to] + piece + frame[to + len(piece) :])[:LARGEST]


def flipped(frame: bytes, bit: int) -> bytes:
    changed = bytearray(frame)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def frame_of(value: Any, *, sequence: int = 0, **options: Any) -> bytes:
    payload = TinyJson().dumps(value)
    return compose(payload, sequence, 1, **options) + payload


@pytest.mark.rule("PORT-10")
def test_10_000_mutated_frames_raise_nothing_deceive_nobody_and_are_counted(wire: Wire) -> None:
    told: list[str] = []
    writer, reader = wire.writer(), wire.reader(on_damage=told.append)
    raw, noise = wire.raw_reader(), wire.plain().publisher()
    value = Reading("left", 7, 2.5)
    frame = frame_of(value, sequence=3)
    expected: Counter[str] = Counter()
    handed_out = 0
    for number, mutant in enumerate(mutants(frame, MUTANTS)):
        noise.send_copy(mutant)
        verdict = unseal(mutant)
        intact = mutant[: len(frame)] == frame
        assert intact == (not isinstance(verdict, Rejection)), mutant
        got, payload = reader.try_recv(), raw.try_recv()
        if isinstance(verdict, Rejection):
            expected[verdict.value] += 1
            assert (got, payload) == (None, None), mutant
        else:
            handed_out += 1
            assert (got.value, got.sequence) == (value, 3)
            assert bytes(payload.payload) == frame[HEADER_SIZE:]
        writer.send(Reading("good", number))
        good, payload = reader.try_recv(), raw.try_recv()
        assert (good.value, good.sequence) == (Reading("good", number), number)
        assert payload.sequence == number
    assert number + 1 == MUTANTS
    assert set(expected) == {one.value for one in Rejection}, "every reason occurred"
    for port in (reader, raw):
        stats = port.stats()
        assert stats.rejected == dict(expected)
        assert stats.crc_errors == expected.total() == len(told)
        assert (stats.messages, stats.decode_errors) == (MUTANTS + handed_out, 0)
    assert set(told) == {f"channel 'motor': {reason}" for reason in expected}
    assert reader.stats().last_error == told[-1]


@pytest.mark.rule("PORT-10")
def test_a_damaged_frame_is_not_counted_as_missing_as_well(wire: Wire) -> None:
    reader, sender = wire.reader(), wire.plain().publisher()

    def send(*numbers: int, damaged: bool = False) -> None:
        for number in numbers:
            frame = frame_of(Reading("x", number), sequence=number)
            sender.send_copy(flipped(frame, 600) if damaged else frame)
            reader.try_recv()

    send(0, 1)
    send(2, damaged=True)
    send(3)
    assert (reader.stats().gaps, reader.stats().crc_errors) == (0, 1)
    send(6, damaged=True)  # 4 and 5 never came
    send(7)
    assert (reader.stats().gaps, reader.stats().crc_errors) == (2, 2)


@pytest.mark.rule("PORT-10")
def test_who_hears_of_damage_may_look_at_the_reader_and_read_on(wire: Wire) -> None:
    writer, noise = wire.writer(), wire.plain().publisher()
    heard: list[Any] = []

    def on_damage(reason: str) -> None:
        heard.append((reason, reader.stats().crc_errors, reader.try_recv()))

    reader = wire.reader(on_damage=on_damage)
    noise.send_copy(b"short")
    assert reader.try_recv() is None
    assert heard == [("channel 'motor': short frame", 1, None)]
    writer.send(Reading("x", 0))
    assert reader.try_recv().sequence == 0


@pytest.mark.rule("PORT-11")
def test_what_the_codec_cannot_read_is_counted_and_the_next_is_read(wire: Wire) -> None:
    told: list[str] = []
    writer, reader = wire.raw_writer(), wire.reader(on_damage=told.append)
    for payload in (b"{", b"[1]", b"\xff", b'{"name": 1}'):
        writer.send(payload)
        assert reader.try_recv() is None
    writer.send(TinyJson().dumps(Reading("x", 0)))
    assert reader.try_recv().sequence == 4
    stats = reader.stats()
    assert (stats.decode_errors, stats.crc_errors, stats.gaps, stats.messages) == (4, 0, 0, 1)
    assert len(told) == 4
    assert stats.last_error == told[-1]
    assert told[0].startswith("channel 'motor': CodecError: tiny json: ")
    assert reader.last_codec_error.format == "tiny json"
    assert told[-1].endswith(reader.last_codec_error.reason)


class Rude(TinyJson):
    """Raises whatever it likes, and keeps what it raised, with its traceback, in a cycle."""

    def decode(self, data: memoryview, type: Any) -> Any:
        kept = data[:]
        errors: list[Exception] = []
        try:
            int(bytes(kept))
        except ValueError as error:
            errors.append(error)
        kinds = (CodecError, RecursionError, MemoryError, KeyError, ZeroDivisionError)
        kind = kinds[len(data) % len(kinds)]
        wrong = kind("rude", "as ever") if kind is CodecError else kind("as ever")
        errors.append(wrong)
        raise wrong


@pytest.mark.rule("PORT-11")
def test_errors_that_keep_themselves_alive_do_not_keep_frames_borrowed(wire: Wire) -> None:
    wire.codec = Rude()
    writer, reader = wire.raw_writer(), wire.reader()
    gc.disable()
    try:
        for n in range(100):
            writer.send(b"x" * (n % 7 + 1))
            assert reader.try_recv() is None
    finally:
        gc.enable()
        gc.collect()
    assert reader.stats().decode_errors == 100


@pytest.mark.rule("PORT-15")
def test_a_header_checksum_guards_every_bit_of_the_header_and_says_so(wire: Wire) -> None:
    reader, noise = wire.reader(), wire.plain().publisher()
    for value in (Reading("left", 7), 0):
        frame = frame_of(value, checksum="header")
        for bit in range(HEADER_SIZE * 8):
            noise.send_copy(flipped(frame, bit))
            assert reader.try_recv() is None, bit
    assert reader.stats().crc_errors == 2 * HEADER_SIZE * 8
    noise.send_copy(frame_of(Reading("left", 7), checksum="header"))
    assert reader.try_recv().value == Reading("left", 7)


@pytest.mark.rule("PORT-15")
def test_a_reader_sees_for_itself_what_each_frame_is_guarded_by(wire: Wire) -> None:
    reader, sender = wire.raw_reader(), wire.plain().publisher()
    by_header = frame_of([1, 2, 3], checksum="header")
    by_frame = frame_of([1, 2, 3])
    for frame in (by_header, by_frame, by_header):
        sender.send_copy(frame)
    assert [bytes(one.payload) for one in reader] == [b"[1, 2, 3]"] * 3
    sender.send_copy(flipped(by_frame, 8 * HEADER_SIZE))
    assert reader.try_recv() is None
    sender.send_copy(flipped(by_header, 8 * HEADER_SIZE))
    received = reader.try_recv()
    assert received is not None
    assert bytes(received.payload) == b"Z1, 2, 3]", "nobody looked: that is what was chosen"


@pytest.mark.rule("PORT-15")
@pytest.mark.parametrize("of_factory", [True, False])
def test_the_checksum_is_chosen_for_a_factory_or_for_one_writer(
    make_wire: Any, of_factory: bool
) -> None:
    wire = make_wire(checksum="header" if of_factory else "frame")
    options = {} if of_factory else {"checksum": "header"}
    writers = [wire.writer(**options), wire.raw_writer(**options)]
    plain = wire.plain().subscriber()
    writers[0].send([1])
    writers[1].send(b"[1]")
    for _ in writers:
        frame = plain.take().payload
        assert bytes(frame[62:64]) == b"\1\0"
    wire.writer(checksum="frame").send([1])
    assert bytes(plain.take().payload[62:64]) == b"\0\0"


@pytest.mark.rule("PORT-21")
@pytest.mark.parametrize("size", [65_536, 65_537])
@pytest.mark.parametrize("way", ["bytes", "in place", "raw"])
def test_the_payload_is_guarded_up_to_64_kib_and_not_above(wire: Wire, size: int, way: str) -> None:
    """By what there is, not by what there might be: the loan of ``in place`` is always larger."""
    wire.descriptor = ChannelDescriptor("large", max_payload=100_000)
    wire.codec, wire.type = InPlace() if way == "in place" else AsIs(), bytes
    payload = bytes(n * 7 % 251 for n in range(size))
    reader, raw = wire.reader(), wire.raw_reader()
    spy, noise = wire.plain().subscriber(), wire.plain().publisher()
    (wire.raw_writer() if way == "raw" else wire.writer()).send(payload)
    frame = bytes(spy.take().payload[: HEADER_SIZE + size])
    assert frame[62:64] == (b"\0\0" if size <= 65_536 else b"\1\0")
    assert reader.try_recv().value == raw.try_recv().payload == payload
    noise.send_copy(flipped(frame, len(frame) * 8 - 1))
    seen = [reader.try_recv(), raw.try_recv()]
    assert [one is None for one in seen] == [size <= 65_536] * 2
    assert reader.stats().crc_errors == raw.stats().crc_errors == (size <= 65_536)


@pytest.mark.rule("PORT-21")
@pytest.mark.parametrize(("checksum", "flag"), [("frame", 0), ("header", 1)])
@pytest.mark.parametrize("size", [1, 65_536, 65_537])
def test_who_asks_for_one_of_the_two_gets_it_at_every_size(
    wire: Wire, checksum: str, flag: int, size: int
) -> None:
    wire.descriptor = ChannelDescriptor("large", max_payload=100_000)
    writer = wire.raw_writer(checksum=checksum)
    spy = wire.plain().subscriber()
    writer.send(bytes(size))
    assert spy.take().payload[62] == flag


@pytest.mark.rule("PORT-15")
@pytest.mark.parametrize("flags", [2, 3, 256, 65_535])
def test_flags_that_nobody_knows_do_not_make_a_checksum_of_the_header_enough(
    wire: Wire, flags: int
) -> None:
    reader, sender = wire.reader(), wire.plain().publisher()
    payload = TinyJson().dumps(Reading("left", 7))
    front = struct.pack("<QQ32sII", 0, 1, bytes(32), len(payload), 0)
    end = struct.pack("<HH", 2, flags)
    sender.send_copy(front + struct.pack("<I", zlib.crc32(front + end)) + end + payload)
    assert reader.try_recv() is None
    assert reader.stats().crc_errors == 1
