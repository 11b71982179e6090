"""Frames with questions to single SubDevices, answered by a simulated segment without a wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors.ethercat.register_frames import (
    answers_of,
    count_frame,
    count_of,
    read_frames,
    write_frames,
)
from taktora.segment.frames import datagrams_of
from taktora.segment.loopback import LoopbackDevice
from taktora.segment.segment import Segment


def segment(count: int) -> Segment:
    return Segment([LoopbackDevice(8) for _ in range(count)])


@pytest.mark.rule("TOOL-46")
@pytest.mark.parametrize("count", [0, 1, 3, 200])
def test_everybody_is_counted(count: int) -> None:
    answer = segment(count).handle(count_frame(), 0)
    assert (answer is None) if count == 0 else (count_of(answer or b"") == count)


@pytest.mark.rule("TOOL-46")
def test_each_one_is_asked_by_its_place_and_who_is_not_there_does_not_answer() -> None:
    line = segment(3)
    (frame,) = write_frames([2], 0x0010, b"\x34\x12")  # configured station address
    assert answers_of(frame, line.handle(frame, 0) or b"") == [b"\x34\x12"]
    (frame,) = read_frames([1, 2, 3, 4], 0x0010, 2)
    assert answers_of(frame, line.handle(frame, 0) or b"") == [
        bytes(2),
        b"\x34\x12",
        bytes(2),
        None,
    ]


@pytest.mark.rule("TOOL-46")
@given(st.integers(0, 400), st.integers(1, 64))
def test_frames_hold_as_much_as_fits_and_ask_everybody_once(count: int, size: int) -> None:
    frames = list(read_frames(range(1, count + 1), 0x0130, size))
    asked = [one.station for frame in frames for one in datagrams_of(frame)]
    assert asked == [(1 - position) & 0xFFFF for position in range(1, count + 1)]
    assert all(len(frame) <= 1514 for frame in frames)
    assert all(len(frame) > 1300 for frame in frames[:-1])


@pytest.mark.rule("TOOL-46")
def test_other_frames_are_no_answers() -> None:
    line = segment(2)
    (frame,) = read_frames([1, 2], 0x0130, 6)
    (other,) = read_frames([1, 2], 0x0110, 6)
    answer = line.handle(frame, 0) or b""
    assert answers_of(frame, answer) is not None
    foreign = bytes([*answer[:17], answer[17] ^ 1, *answer[18:]])  # somebody else's index
    for wrong in (line.handle(other, 0) or b"", count_frame(), foreign, answer[:40], b""):
        assert answers_of(frame, wrong) is None
    assert count_of(answer) is None
