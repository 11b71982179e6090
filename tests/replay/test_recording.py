"""What is written is read, as far as the file is whole."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taktora.errors import InvalidArgument, MissingExtra, NotARecording, RecordingError, WrongType
from taktora.replay import Field, Message, RecordedChannel, Recording, RecordingWriter, Tally
from tests.replay.conftest import CHANNELS, FIXED, LOOSE, WIDE, numbered, write


@st.composite
def message_lists(draw: st.DrawFn) -> list[Message]:
    made, now = [], draw(st.integers(0, 2**62))
    for gap in draw(st.lists(st.integers(0, 10**12), max_size=40)):
        now += gap
        channel = draw(st.sampled_from(CHANNELS))
        length = {FIXED: 16, LOOSE: draw(st.integers(0, 300)), WIDE: 4 * draw(st.integers(0, 9))}
        data = draw(st.binary(min_size=length[channel], max_size=length[channel]))
        made.append(Message(channel.name, now, draw(st.integers(0, 2**64 - 1)), data))
    return made


def by_channel(messages: list[Message]) -> dict[str, list[Message]]:
    apart = defaultdict(list)
    for one in messages:
        apart[one.channel].append(one)
    return apart


@pytest.mark.rule("REPLAY-01")
@given(messages=message_lists(), flush_every=st.integers(0, 5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_is_written_is_read_the_same(
    messages: list[Message], flush_every: int, tmp_path: Path
) -> None:
    write(tmp_path / "a.mcap", messages, flush_every=flush_every)
    with Recording(tmp_path / "a.mcap") as recording:
        assert recording.broken is None
        assert recording.channels == CHANNELS
        assert [one.limits for one in recording.channels] == [one.limits for one in CHANNELS]
        assert list(recording.messages()) == messages
        assert recording.count == len(messages)
        apart = by_channel(messages)
        assert recording.tallies == {
            one.name: Tally(len(apart[one.name]), sum(len(m.data) for m in apart[one.name]))
            for one in CHANNELS
        }
        times = [one.log_time_ns for one in messages]
        assert (recording.start_ns, recording.end_ns) == (
            (times[0], times[-1]) if times else (None, None)
        )


WHOLE = numbered(200)
with tempfile.TemporaryDirectory() as _folder:
    BYTES = write(Path(_folder, "whole.mcap"), WHOLE, flush_every=23)
_HEADER = 8 + 9 + int.from_bytes(BYTES[9:17], "little")


@pytest.mark.rule("REPLAY-02")
@given(cut=st.integers(_HEADER, len(BYTES) - 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_file_that_was_cut_anywhere_yields_a_prefix_and_says_where_it_breaks(
    cut: int, tmp_path: Path
) -> None:
    path = tmp_path / "cut.mcap"
    path.write_bytes(BYTES[:cut])
    with Recording(path) as recording:
        read = list(recording.messages())
        assert read == WHOLE[: len(read)]
        broken = recording.broken
        assert broken is not None
        assert broken.offset <= broken.size == cut
        assert broken.messages == len(read) == recording.count
        assert broken.after_ns == (read[-1].log_time_ns if read else None)
        assert f"byte {broken.offset} of {cut}" in str(broken)
        names = {one.name for one in recording.channels}
        assert names == ({one.name for one in CHANNELS} if read else set())


@pytest.mark.rule("REPLAY-02")
def test_a_cut_costs_no_more_than_the_chunk_that_it_is_in(tmp_path: Path) -> None:
    path = tmp_path / "cut.mcap"
    read = []
    for cut in range(_HEADER, len(BYTES), 37):
        path.write_bytes(BYTES[:cut])
        with Recording(path) as recording:
            read.append(len(list(recording.messages())))
    assert read == sorted(read)
    assert set(read) == {*range(0, 200, 23), 200}


@pytest.mark.rule("REPLAY-02")
@given(cut=st.integers(_HEADER, len(BYTES) - 1), tail=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_a_power_cut_left_behind_the_cut_is_not_taken_for_messages(
    cut: int, tail: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "cut.mcap"
    for behind in (bytes(500), tail, BYTES[-40:]):
        path.write_bytes(BYTES[:cut] + behind)
        with Recording(path) as recording:
            read = list(recording.messages())
            assert read == WHOLE[: len(read)]
            assert recording.broken is not None or BYTES[:cut] + behind[: len(BYTES) - cut] == BYTES


@pytest.mark.rule("REPLAY-03")
@given(at=st.integers(_HEADER, len(BYTES) - 1), bit=st.integers(0, 7))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_bit_that_flipped_never_changes_a_message(at: int, bit: int, tmp_path: Path) -> None:
    damaged = bytearray(BYTES)
    damaged[at] ^= 1 << bit
    path = tmp_path / "damaged.mcap"
    path.write_bytes(damaged)
    with Recording(path) as recording:
        read = list(recording.messages())
        assert read == WHOLE[: len(read)]
        assert recording.broken is not None or len(read) == len(WHOLE)


@pytest.mark.rule("REPLAY-04")
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\x89MCA", "nothing was recorded"),
        (BYTES[: _HEADER - 1], "nothing was recorded"),
        (b"hello, world\n" * 9, "no MCAP file"),
        (os.urandom(64), "no MCAP file"),
    ],
)
def test_a_file_that_is_no_recording_is_refused_with_the_reason(
    content: bytes, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "what.mcap"
    path.write_bytes(content)
    with pytest.raises(NotARecording, match=words) as caught:
        Recording(path)
    assert "what.mcap" in str(caught.value)


@pytest.mark.rule("REPLAY-04")
def test_the_mcap_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    from mcap.writer import Writer

    with (tmp_path / "ros.mcap").open("wb") as file:
        writer = Writer(file)
        writer.start(profile="ros2", library="somebody")
        writer.finish()
    with pytest.raises(NotARecording, match=r"somebody, not by taktora .*'ros2'"):
        Recording(tmp_path / "ros.mcap")


@pytest.mark.rule("REPLAY-04")
def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="No such file"):
        Recording(tmp_path / "none.mcap")


@pytest.mark.rule("REPLAY-05")
def test_the_librarys_own_tools_read_it(tmp_path: Path) -> None:
    from mcap.reader import make_reader

    write(tmp_path / "a.mcap", WHOLE)
    with (tmp_path / "a.mcap").open("rb") as file:
        reader = make_reader(file, validate_crcs=True)
        assert reader.get_header().profile == "taktora"
        read = [
            Message(channel.topic, one.log_time, one.publish_time, one.data)
            for _, channel, one in reader.iter_messages()
        ]
        summary = reader.get_summary()
    assert read == WHOLE
    assert summary is not None
    assert {one.name for one in summary.schemas.values()} == {"Imu", "u8", "u32"}
    assert summary.statistics is not None
    assert summary.statistics.message_count == 200


@pytest.mark.rule("REPLAY-05")
def test_a_layouts_fields_are_kept(tmp_path: Path) -> None:
    channel = RecordedChannel(
        "arm",
        "Arm",
        24,
        fields=(
            Field("a", 0, "<d"),
            Field("b.c", 8, "<f", (2, 2)),
            Field("d", 16, "<I", (), (3, 2)),
        ),
    )
    with RecordingWriter(tmp_path / "a.mcap") as writer:
        writer.add_channel(channel)
    with Recording(tmp_path / "a.mcap") as recording:
        assert recording.channels == (channel,)
        assert list(recording.messages()) == []


@pytest.mark.rule("REPLAY-06")
def test_a_part_can_be_read_by_channel_and_time(tmp_path: Path) -> None:
    write(tmp_path / "a.mcap", WHOLE, flush_every=10)
    with Recording(tmp_path / "a.mcap") as recording:
        start = recording.start_ns
        assert start is not None
        assert recording.duration_ns == 199_000_000
        window = {"start_ns": start + 50_000_000, "end_ns": start + 100_000_000}
        assert list(recording.messages(**window)) == WHOLE[50:100]
        assert list(recording.messages(["imu"])) == WHOLE[0::3]
        assert list(recording.messages(["l*", "scan"], **window)) == [
            one for one in WHOLE[50:100] if one.channel != "imu"
        ]
        with pytest.raises(InvalidArgument, match="no channel 'nav'; there are: imu, log, scan"):
            recording.messages(["nav"])
        with pytest.raises(WrongType, match="names or patterns"):
            recording.messages("imu")


@pytest.mark.rule("REPLAY-06")
def test_two_readings_at_a_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    write(tmp_path / "a.mcap", WHOLE, flush_every=10)
    with Recording(tmp_path / "a.mcap") as recording:
        assert list(zip(recording.messages(), recording.messages(), strict=True)) == [
            (one, one) for one in WHOLE
        ]


def test_a_closed_recording_says_so(tmp_path: Path) -> None:
    write(tmp_path / "a.mcap", WHOLE)
    recording = Recording(tmp_path / "a.mcap")
    recording.close()
    recording.close()
    with pytest.raises(RecordingError, match="was closed"):
        recording.messages()
    assert "closed" in repr(recording)


@pytest.mark.rule("REPLAY-07")
def test_the_writer_refuses_what_cannot_be_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.mcap"
    with RecordingWriter(path) as writer:
        writer.add_channel(FIXED)
        writer.write("imu", bytes(16), 7)
        with pytest.raises(InvalidArgument, match="15 bytes are no payload"):
            writer.write("imu", bytes(15), 8)
        with pytest.raises(InvalidArgument, match="must not go back: 6 after 7"):
            writer.write("imu", bytes(16), 6)
        with pytest.raises(InvalidArgument, match="no channel 'nav'"):
            writer.write("nav", bytes(16), 8)
        with pytest.raises(InvalidArgument, match="already"):
            writer.add_channel(FIXED)
    with pytest.raises(RecordingError, match="was closed"):
        writer.write("imu", bytes(16), 8)
    with pytest.raises(RecordingError, match="exists"):
        RecordingWriter(path)
    with pytest.raises(InvalidArgument, match="zstd, lz4, none"):
        RecordingWriter(path, overwrite=True, compression="rar")  # type: ignore[arg-type]
    with pytest.raises(RecordingError, match="No such file"):
        RecordingWriter(tmp_path / "none" / "a.mcap")
    with Recording(path) as recording:
        assert list(recording.messages()) == [Message("imu", 7, 7, bytes(16))]


@pytest.mark.rule("REPLAY-07")
@pytest.mark.parametrize("compression", ["zstd", "lz4", "none"])
def test_every_compression_is_read(compression: str, tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "a.mcap", compression=compression) as writer:  # type: ignore[arg-type]
        writer.add_channel(LOOSE)
        for number in range(1000):
            writer.write("log", b"x" * 2000, number)
    with Recording(tmp_path / "a.mcap") as recording:
        assert sum(1 for _ in recording.messages()) == 1000
    assert ((tmp_path / "a.mcap").stat().st_size < 300_000) == (compression != "none")


@pytest.mark.rule("REPLAY-02")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_an_error_that_names_the_file() -> None:
    with pytest.raises(RecordingError, match="cannot write /dev/full: No space left"):
        RecordingWriter("/dev/full", overwrite=True)


@pytest.mark.rule("REPLAY-08")
def test_without_mcap_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcap", None)
    for make in (Recording, RecordingWriter):
        with pytest.raises(MissingExtra, match=r"pip install 'taktora\[replay\]'"):
            make("a.mcap")


@pytest.mark.rule("REPLAY-08")
def test_reading_a_recording_touches_no_shared_memory() -> None:
    """The modules that read import neither iceoryx2 nor what does."""
    code = (
        "import sys, types; package = types.ModuleType('taktora'); package.__path__ = ['taktora'];"
        "sys.modules['taktora'] = package; sys.modules['iceoryx2'] = None;"
        "import taktora.replay; print(taktora.replay.Recording.__name__, 'mcap' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=False
    )
    assert (done.stdout, done.stderr) == ("Recording False\n", "")
