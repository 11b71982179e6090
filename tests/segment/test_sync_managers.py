"""SyncManagers: mailboxes taken in turns, buffers that are consistent, and who may access what."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.segment.frames import Command

from .bench import Bench, Probe

OUT, BACK, SIZE = 0x1000, 0x1040, 64


def message(data: bytes) -> bytes:
    return struct.pack("<HHBB", len(data), 0, 0, 3) + data


def in_pre_op() -> Bench:
    bench = Bench([Probe(mailbox=True)])
    bench.configure()
    assert bench.request(2) == (2, 0)
    return bench


def full(bench: Bench, number: int) -> bool:
    return bool(bench.number(1, 0x0805 + 8 * number, 1) & 0x08)


@pytest.mark.rule("ESC-40")
def test_a_message_is_there_when_its_last_byte_is_written_and_gone_when_it_is_read() -> None:
    bench = in_pre_op()
    mailbox = bench.devices[0].mailbox
    padded = message(b"hello").ljust(SIZE, b"\x00")
    assert bench.write(1, OUT, padded[:-1]) == 1
    assert mailbox.got == []
    assert bench.write(1, OUT + SIZE - 1, padded[-1:]) == 1
    assert mailbox.got == [message(b"hello")]
    assert full(bench, 1)
    assert bench.read(1, BACK, SIZE - 1) == padded[:-1]
    assert full(bench, 1)
    assert bench.read(1, BACK + SIZE - 1, 1) == padded[-1:]
    assert not full(bench, 1)


@pytest.mark.rule("ESC-40", "ESC-41")
def test_a_full_mailbox_takes_nothing_and_an_empty_one_gives_nothing() -> None:
    bench = in_pre_op()
    bench.segment.stick_mailbox(1)
    assert bench.one(Command.APRD, 0, BACK, bytes(SIZE)).working_counter == 0
    assert bench.write(1, OUT, message(b"first").ljust(SIZE, b"\x00")) == 1
    assert full(bench, 0)
    assert bench.write(1, OUT, message(b"second").ljust(SIZE, b"\x00")) == 0
    bench.segment.stick_mailbox(1, stuck=False)
    bench.segment.settle(bench.now)
    assert not full(bench, 0)
    assert bench.devices[0].mailbox.got == [message(b"first")]


@pytest.mark.rule("ESC-41")
def test_an_area_is_accessed_from_its_first_byte_on_and_only_in_its_direction() -> None:
    bench = in_pre_op()
    assert bench.write(1, OUT + 1, bytes(SIZE - 1)) == 0
    assert bench.one(Command.APRD, 0, OUT, bytes(SIZE)).working_counter == 0
    assert bench.write(1, BACK, bytes(SIZE)) == 0
    assert bench.write(1, OUT + 8, b"xy") == 0
    assert bench.write(1, OUT, message(b"x")) == 1
    assert bench.write(1, OUT + 7, b"xy") == 1


@pytest.mark.rule("ESC-41")
def test_what_no_sync_manager_rules_is_plain_memory() -> None:
    bench = in_pre_op()
    assert bench.write(1, 0x3000, b"free") == 1
    assert bench.read(1, 0x3000, 4) == b"free"


@pytest.mark.rule("ESC-42")
def test_the_last_message_comes_again_and_what_waits_comes_after_it() -> None:
    bench = in_pre_op()
    mailbox = bench.devices[0].mailbox
    mailbox.to_say += [message(b"one"), message(b"two"), message(b"three")]
    bench.segment.settle(bench.now)
    assert bench.read(1, BACK, SIZE).startswith(message(b"one"))  # lost on its way
    assert full(bench, 1)  # "two" is there by now
    bench.write(1, 0x080E, b"\x03")
    assert bench.number(1, 0x080F, 1) & 2 == 2
    for text in (b"one", b"two", b"three"):
        assert bench.read(1, BACK, SIZE).startswith(message(text))
    assert not full(bench, 1)
    bench.write(1, 0x080E, b"\x01")  # toggled again
    assert bench.number(1, 0x080F, 1) & 2 == 0
    assert bench.read(1, BACK, SIZE).startswith(message(b"three"))


@pytest.mark.rule("ESC-42")
def test_without_a_message_before_a_request_to_repeat_is_only_acknowledged() -> None:
    bench = in_pre_op()
    bench.write(1, 0x080E, b"\x03")
    assert bench.number(1, 0x080F, 1) & 2 == 2
    assert not full(bench, 1)


@pytest.mark.rule("ESC-43")
def test_an_active_sync_manager_cannot_be_moved() -> None:
    bench = in_pre_op()
    before = bench.read(1, 0x0800, 8)
    bench.write(1, 0x0800, struct.pack("<HHB", 0x2000, 32, 0x24))
    assert bench.read(1, 0x0800, 8) == before
    bench.write(1, 0x0806, b"\x00")
    bench.write(1, 0x0800, struct.pack("<HHB", 0x2000, 32, 0x24))
    assert bench.read(1, 0x0800, 5) == struct.pack("<HHB", 0x2000, 32, 0x24)


@pytest.mark.rule("ESC-44")
def test_outputs_count_once_their_last_byte_is_written() -> None:
    bench = Bench([Probe(32, 32)])
    bench.to_op()
    device = bench.devices[0]
    start = bench.segment.controller(1).process.out.start
    device.got.clear()
    assert bench.write(1, start, b"ab") == 1
    assert device.got == []
    assert bench.write(1, start + 2, b"cd") == 1
    assert device.got == [b"abcd"]
    assert bench.write(1, start + 1, b"x") == 0  # from the first byte on again
    assert bench.write(1, start, b"ef") == 1
    assert bench.logical(Command.LWR, 0, b"ghij").working_counter == 1
    assert device.got == [b"abcd", b"ghij"]
    assert bench.write(1, start + 2, b"kl") == 0  # as a whole it was begun and ended


@pytest.mark.rule("ESC-44")
def test_inputs_that_are_read_in_pieces_are_of_one_time() -> None:
    bench = Bench([Probe(8, 32)])
    bench.to_op()
    device, process = bench.devices[0], bench.segment.controller(1).process
    device.gives = b"aaaa"
    bench.logical(Command.LWR, 0, b"\x00")
    assert bench.read(1, process.back.start, 2) == b"aa"
    device.gives = b"bbbb"
    bench.logical(Command.LWR, 0, b"\x00")
    assert bench.segment.inputs(1) == b"bbbb"
    assert bench.read(1, process.back.start + 2, 2) == b"aa"
    assert bench.read(1, process.back.start, 4) == b"bbbb"
    device.gives = b"cccc"
    bench.logical(Command.LWR, 0, b"\x00")
    assert bench.read(1, process.back.start, 4) == b"cccc"


@pytest.mark.rule("ESC-44")
def test_a_whole_read_ends_one_that_was_left_in_the_middle() -> None:
    bench = Bench([Probe(8, 32)])
    bench.to_op()
    device, process = bench.devices[0], bench.segment.controller(1).process
    device.gives = b"aaaa"
    bench.logical(Command.LWR, 0, b"\x00")
    bench.read(1, process.back.start, 2)
    for value in (b"bbbb", b"cccc"):
        device.gives = value
        bench.logical(Command.LWR, 0, b"\x00")
        got = bench.logical(Command.LRD, 1, bytes(4))
        assert (got.data, got.working_counter) == (value, 1)


@pytest.mark.rule("ESC-44")
@given(st.binary(min_size=1, max_size=40), st.data())
def test_in_whatever_pieces_outputs_are_written_the_device_gets_them_whole(
    value: bytes, data: st.DataObject
) -> None:
    bench = Bench([Probe(8 * len(value), 0)])
    bench.to_op()
    device, start = bench.devices[0], bench.segment.controller(1).process.out.start
    device.got.clear()
    at = 0
    while at < len(value):
        size = data.draw(st.integers(1, len(value) - at))
        assert bench.write(1, start + at, value[at : at + size]) == 1
        at += size
        assert device.got == ([value] if at == len(value) else [])
