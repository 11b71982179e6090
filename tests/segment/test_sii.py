"""The EEPROM: its content read back as a master does, word by word over registers 0x0500 to 0x050F."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.segment.controller_options import ControllerOptions
from taktora.segment.device import Identity
from taktora.segment.placement import recommended
from taktora.segment.sii import checksum, sii_content

from .bench import MS, Bench, Probe


def command(bench: Bench, low: int, high: int, word: int, data: bytes = b"") -> int:
    """Control and address in one write, as masters do; control afterwards."""
    assert bench.write(1, 0x0502, struct.pack("<BBI", low, high, word) + data) == 1
    return bench.number(1, 0x0502)


def read_words(bench: Bench, word: int) -> bytes:
    assert command(bench, 0, 1, word) & 0xF000 == 0
    return bench.read(1, 0x0508, 8)


def read_all(bench: Bench) -> bytes:
    return b"".join(read_words(bench, word) for word in range(0, 1024, 4))


def categories(content: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0x80
    while (kind := struct.unpack_from("<H", content, at)[0]) != 0xFFFF:
        (words,) = struct.unpack_from("<H", content, at + 2)
        yield kind, content[at + 4 : at + 4 + 2 * words]
        at += 4 + 2 * words


@pytest.mark.rule("ESC-30")
@pytest.mark.parametrize("mailbox", [False, True])
def test_what_is_read_through_registers_is_what_was_built(mailbox: bool) -> None:
    device = Probe(24, 4, mailbox=mailbox)
    bench = Bench([device], ControllerOptions(alias=0x0BAD, mailbox_size=64))
    built = sii_content(device.identity, recommended(device, 64), device.pdos(), alias=0x0BAD)
    content = read_all(bench)
    assert content == built
    assert len(content) == 2048
    assert struct.unpack_from("<H", content, 0x7C)[0] == 15  # KBit, less one
    assert checksum(content[:14]) == content[14]


@pytest.mark.rule("ESC-31")
def test_the_checksum_is_the_crc_of_the_standard() -> None:
    """CRC-8, polynomial 0x07, from 0xFF: bit by bit with polynomial division, on other data."""
    data = bytes(range(14))
    register = 0xFF
    for bit in (byte >> shift & 1 for byte in data for shift in range(7, -1, -1)):
        top = register >> 7 ^ bit
        register = (register << 1 & 0xFF) ^ (0x07 if top else 0)
    assert checksum(data) == register
    assert checksum(b"\x80\x00\xee\x66" + bytes(10)) != checksum(bytes(14))


@pytest.mark.rule("ESC-31")
@given(st.binary(min_size=14, max_size=14), st.integers(0, 14 * 8 - 1))
def test_the_checksum_sees_each_single_bit(data: bytes, bit: int) -> None:
    flipped = bytearray(data)
    flipped[bit // 8] ^= 1 << bit % 8
    assert checksum(data) != checksum(flipped)


@pytest.mark.rule("ESC-30")
def test_who_it_is_and_where_its_mailboxes_are() -> None:
    device = Probe(mailbox=True)
    content = sii_content(device.identity, recommended(device, 128), device.pdos())
    assert struct.unpack_from("<IIII", content, 0x10) == (0x1234, 0x5678_9ABC, 3, 77)
    assert struct.unpack_from("<HHHHH", content, 0x30) == (0x1000, 128, 0x1080, 128, 4)
    found = dict(categories(content))
    assert found[10] == b"\x01\x05Probe\x00"
    assert found[30][3] == 1  # its name is the first string
    assert found[30][5] & 1  # SDO
    assert found[40] == b"\x01\x02\x03\x00"
    assert [struct.unpack("<HHBBBB", found[41][at : at + 8]) for at in range(0, 32, 8)] == [
        (0x1000, 128, 0x26, 0, 1, 1),
        (0x1080, 128, 0x22, 0, 1, 2),
        (0x1100, 2, 0x64, 0, 1, 3),
        (0x1400, 2, 0x20, 0, 1, 4),
    ]
    assert found[51] == struct.pack("<HBBBBH HBBBBH", 0x1600, 1, 2, 0, 0, 0, 0x7000, 1, 0, 6, 16, 0)
    assert found[50] == struct.pack("<HBBBBH HBBBBH", 0x1A00, 1, 3, 0, 0, 0, 0x6000, 1, 0, 6, 16, 0)


@pytest.mark.rule("ESC-30")
def test_a_device_without_a_mailbox_has_its_process_data_in_the_first_sync_managers() -> None:
    device = Probe(4, 0)
    content = sii_content(device.identity, recommended(device, 128), device.pdos())
    assert content[0x30:0x3A] == bytes(10)
    found = dict(categories(content))
    assert list(struct.unpack("<HHBBBBHHBBBB", found[41])) == [
        *(0x1000, 1, 0x64, 0, 1, 3),
        *(0x1300, 0, 0x20, 0, 0, 4),
    ]
    assert found[51][3] == 0
    assert 50 not in found


@pytest.mark.rule("ESC-30")
def test_a_long_content_gets_a_larger_eeprom() -> None:
    pdos = tuple(
        (0x1600 + number, tuple((0x7000 + number, sub, 8) for sub in range(1, 33)))
        for number in range(10)
    )
    content = sii_content(Identity(1, 2), (), (pdos, ()))
    assert len(content) == 4096
    assert struct.unpack_from("<H", content, 0x7C)[0] == 31
    assert len(dict(categories(content))[51]) == 10 * 33 * 8


@pytest.mark.rule("ESC-32")
def test_a_write_needs_write_enable_and_survives_a_power_cycle() -> None:
    bench = Bench([Probe()])
    word = 0x0004
    control = command(bench, 0, 2, word, struct.pack("<H", 0x0042))
    assert control & 0x4000
    assert read_words(bench, word)[:2] == b"\x00\x00"
    control = command(bench, 1, 2, word, struct.pack("<H", 0x0042))
    assert control & 0x7801 == 0
    bench.segment.power_cycle(1, bench.now)
    assert read_words(bench, word)[:2] == b"\x42\x00"


@pytest.mark.rule("ESC-32")
def test_a_wrong_checksum_is_told_and_the_alias_is_not_loaded() -> None:
    bench = Bench([Probe()], ControllerOptions(alias=0x11))
    assert bench.number(1, 0x0012) == 0x11
    command(bench, 1, 2, 0x0004, struct.pack("<H", 0x22))
    assert bench.number(1, 0x0012) == 0x11
    assert command(bench, 0, 4, 0) & 0x0800
    assert command(bench, 0, 1, 0) & 0x0800
    assert bench.number(1, 0x0012) == 0
    content = bytearray(read_all(bench)[:14])
    command(bench, 1, 2, 0x0007, struct.pack("<H", checksum(content)))
    assert command(bench, 0, 4, 0) & 0x0800 == 0
    assert bench.number(1, 0x0012) == 0x22


@pytest.mark.rule("ESC-32")
@pytest.mark.parametrize("high", [3, 5, 6, 7])
def test_a_command_that_there_is_not_is_an_error_until_the_next_one(high: int) -> None:
    bench = Bench([Probe()])
    assert command(bench, 0, high, 0) & 0x2000
    assert command(bench, 0, 1, 0) & 0x2000 == 0


@pytest.mark.rule("ESC-32")
@pytest.mark.parametrize(("low", "high"), [(0, 1), (1, 2)])
def test_an_address_behind_the_end_is_an_error(low: int, high: int) -> None:
    bench = Bench([Probe()])
    assert command(bench, low, high, 1024) & 0x2000
    assert command(bench, low, high, 1023) & 0x2000 == 0


@pytest.mark.rule("ESC-33")
def test_it_is_busy_for_as_long_as_it_is_told_to_and_takes_nothing_meanwhile() -> None:
    bench = Bench([Probe()], ControllerOptions(sii_busy=2 * MS))
    assert command(bench, 0, 1, 0x0008) & 0x8000
    assert command(bench, 0, 1, 0x000A) & 0x8000
    bench.now += 2 * MS
    assert bench.number(1, 0x0502) & 0x8000 == 0
    assert bench.read(1, 0x0504, 8) == struct.pack("<II", 0x0008, 0x1234)


@pytest.mark.rule("ESC-33")
def test_while_the_device_owns_it_nothing_is_read() -> None:
    bench = Bench([Probe()])
    bench.write(1, 0x0500, b"\x01")
    command(bench, 0, 1, 0x0008)
    assert bench.read(1, 0x0508, 8) == bytes(8)
    bench.write(1, 0x0500, b"\x02")
    bench.write(1, 0x0500, b"\x00")
    assert read_words(bench, 0x0008)[:4] == b"\x34\x12\x00\x00"
