"""Frames and datagrams: what is built is found again, and nothing else comes to harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.errors import InvalidArgument
from taktora.segment.frames import Command, Datagram, build_frame, datagrams_of
from taktora.segment.segment import Segment

from .bench import Bench, Probe

datagrams = st.builds(
    Datagram,
    command=st.integers(0, 255),
    address=st.integers(0, 2**32 - 1),
    data=st.binary(max_size=60),
    working_counter=st.integers(0, 0xFFFF),
    index=st.integers(0, 255),
    interrupt=st.integers(0, 0xFFFF),
    circulating=st.booleans(),
)


@pytest.mark.rule("ESC-01")
@given(st.lists(datagrams, min_size=1, max_size=15), st.binary(min_size=6, max_size=6))
def test_what_was_built_is_found_again(every: list[Datagram], source: bytes) -> None:
    frame = build_frame(every, source)
    assert len(frame) >= 60
    assert frame[6:14] == source + b"\x88\xa4"
    assert int.from_bytes(frame[14:16], "little") == 0x1000 | sum(len(d.data) + 12 for d in every)
    assert datagrams_of(frame) == tuple(every)


@pytest.mark.rule("ESC-01")
def test_a_frame_has_the_layout_of_the_standard() -> None:
    frame = build_frame(
        [
            Datagram(Command.LRW, 0x0102_0304, b"\xaa\xbb", 0x0506, 7, 0x0809),
            Datagram.physical(Command.FPRD, 0x1001, 0x0130, b"\x00\x00"),
        ]
    )
    assert frame[:28].hex(" ") == (
        "ff ff ff ff ff ff 01 01 01 01 01 01 88 a4 1c 10 0c 07 04 03 02 01 02 80 09 08 aa bb"
    )
    assert frame[28:44].hex(" ") == "06 05 04 00 01 10 30 01 02 00 00 00 00 00 00 00"


@pytest.mark.rule("ESC-01")
def test_a_frame_holds_at_least_one_datagram_and_no_more_than_ethernet_carries() -> None:
    assert len(build_frame([Datagram(Command.LRD, 0, bytes(1486))])) == 1514
    for too_many in ([], [Datagram(Command.LRD, 0, bytes(1487))]):
        with pytest.raises(InvalidArgument, match="1 to 1498 bytes"):
            build_frame(too_many)


@pytest.mark.rule("ESC-02")
def test_an_answer_is_the_frame_with_the_source_marked() -> None:
    segment = Segment([Probe(), Probe()])
    frame = build_frame([Datagram(Command.NOP, 5, b"abc", 3, 9)])
    answer = segment.handle(frame, 0)
    assert answer is not None
    assert answer[6] == 0x03
    assert answer[:6] + frame[6:7] + answer[7:] == frame
    assert segment.handle(answer, 0) == answer


@pytest.mark.rule("ESC-02")
@pytest.mark.parametrize("nothing", [b"", b"\xff" * 13, b"\xff" * 12 + b"\x08\x00" + bytes(46)])
def test_what_is_not_ethercat_is_not_answered(nothing: bytes) -> None:
    segment = Segment([Probe()])
    assert segment.handle(nothing, 0) is None
    assert segment.statistics.foreign == 1
    assert segment.statistics.answered == 0


@pytest.mark.rule("ESC-03")
def test_of_a_frame_that_is_cut_off_the_whole_datagrams_are_done() -> None:
    bench = Bench([Probe()])
    read = Datagram.physical(Command.APRD, 0, 0x0000, bytes(2))
    frame = build_frame([read, read])[: 16 + 14 + 13]
    answer = bench.segment.handle(frame, bench.now)
    assert answer is not None
    assert len(answer) == len(frame)
    assert [one.working_counter for one in datagrams_of(answer)] == [1]
    assert answer[16 + 14 :] == frame[16 + 14 :]
    assert bench.segment.statistics.malformed == 1


@pytest.mark.rule("ESC-03")
def test_the_length_in_the_ethercat_header_is_not_looked_at() -> None:
    frame = bytearray(build_frame([Datagram.physical(Command.BRD, 0, 0x0000, bytes(2))]))
    frame[14:16] = b"\x00\x10"
    answer = Segment([Probe()]).handle(bytes(frame), 0)
    assert answer is not None
    assert datagrams_of(answer)[0].working_counter == 1


@pytest.mark.rule("ESC-02")
def test_frames_are_counted() -> None:
    bench = Bench([Probe()])
    bench.send(Datagram(Command.NOP, 0, b""), Datagram(Command.NOP, 0, b""))
    bench.segment.handle(b"", bench.now)
    found = bench.segment.statistics
    assert (found.frames, found.answered, found.datagrams, found.foreign) == (2, 1, 2, 1)
