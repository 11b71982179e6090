"""Recording a running system."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import taktora
from taktora.errors import (
    InvalidArgument,
    PayloadMismatch,
    PortLimitReached,
    RecordingError,
    WrongType,
)
from taktora.ipc.existing import existing_channels
from taktora.replay import Field, Recorder, Recording, Tally, record
from taktora.replay.pace import Pace


class Point(ctypes.Structure):
    _fields_ = [("x", ctypes.c_float), ("y", ctypes.c_float)]


class Imu(ctypes.Structure):
    _fields_ = [
        ("sequence", ctypes.c_uint64),
        ("at", Point),
        ("gyro", ctypes.c_double * 3),
        ("flag", ctypes.c_uint8, 3),
        ("mode", ctypes.c_uint8, 5),
    ]


@pytest.fixture
def node(domain: str) -> Iterator[taktora.Node]:
    with taktora.Node(domain=domain) as node:
        yield node


@pytest.fixture
def other(domain: str) -> Iterator[taktora.Node]:
    """That of the recording process."""
    with taktora.Node(domain=domain) as node:
        yield node


def contents(path: Path) -> dict[str, list[bytes]]:
    with Recording(path) as recording:
        assert recording.broken is None
        found: dict[str, list[bytes]] = {one.name: [] for one in recording.channels}
        times = []
        for one in recording.messages():
            found[one.channel].append(one.data)
            times.append(one.log_time_ns)
            assert one.publish_time_ns == one.log_time_ns
        assert times == sorted(times)
        return found


@pytest.mark.rule("REPLAY-20", "REPLAY-26")
def test_what_is_published_is_recorded_in_order(
    node: taktora.Node, other: taktora.Node, tmp_path: Path
) -> None:
    imu, log = node.channel("imu", Imu), node.channel("log", bytes, max_bytes=99)
    silent = node.channel("silent", ctypes.c_int32)
    fixed, loose = imu.publisher(), log.publisher()
    path = tmp_path / "a.mcap"
    with Recorder(other, path, ["*"]) as recorder:
        for number in range(100):
            fixed.send_copy(Imu(number))
            loose.send_copy(b"%d" % number)
            if number % 10 == 9:
                assert recorder.poll() == 20
        assert recorder.poll() == 0
    report = recorder.report()
    assert contents(path) == {
        "imu": [bytes(Imu(number)) for number in range(100)],
        "log": [b"%d" % number for number in range(100)],
        "silent": [],
    }
    assert (report.messages, report.full_reads, report.unrecorded) == (200, 0, ())
    assert report.tallies["log"] == Tally(100, 190, 0)
    assert report.size == path.stat().st_size
    with Recording(path) as recording:
        (told,) = (one for one in recording.channels if one.name == "log")
        assert (told.kind, told.type_name, told.limits["max_bytes"]) == ("bytes", "u8", 99)
        assert recording.tallies == dict(report.tallies)
    del silent


@pytest.mark.rule("REPLAY-26")
def test_messages_that_waited_together_are_spread_over_the_time_since_the_look_before(
    node: taktora.Node, other: taktora.Node, tmp_path: Path
) -> None:
    one, two = (node.channel(name, ctypes.c_uint64).publisher() for name in ("a", "b"))
    with Recorder(other, tmp_path / "a.mcap", ["*"]) as recorder:
        times = iter((10_000, 20_000, 20_400))
        recorder._now = lambda: next(times)
        recorder.poll()
        for number in range(4):
            one.send_copy(number)
            if number % 2:
                two.send_copy(number)
        recorder.poll()
        two.send_copy(9)
        recorder.poll()
    with Recording(tmp_path / "a.mcap") as recording:
        read = [(m.channel, m.log_time_ns, m.data[0]) for m in recording.messages()]
    assert sorted(read) == [
        ("a", 12_500, 0), ("a", 15_000, 1), ("a", 17_500, 2), ("a", 20_000, 3),
        ("b", 15_000, 1), ("b", 20_000, 3), ("b", 20_400, 9),
    ]  # fmt: skip
    assert [at for _, at, _ in read] == sorted(at for _, at, _ in read)


@pytest.mark.rule("REPLAY-22")
def test_a_read_that_found_the_buffer_full_is_counted_and_kept_in_the_file(
    node: taktora.Node, other: taktora.Node, tmp_path: Path
) -> None:
    publisher = node.channel("imu", ctypes.c_uint64, buffer_size=4).publisher()
    with Recorder(other, tmp_path / "a.mcap", ["imu"]) as recorder:
        for number in range(3):
            publisher.send_copy(number)
        recorder.poll()
        assert (recorder.full_reads, recorder.fullness) == (0, 0.75)
        for number in range(9):
            publisher.send_copy(number)
        recorder.poll()
        assert (recorder.full_reads, recorder.fullness) == (1, 1.0)
    assert recorder.report().tallies["imu"] == Tally(7, 56, 1)
    with Recording(tmp_path / "a.mcap") as recording:
        assert recording.tallies == {"imu": Tally(7, 56, 1)}


@pytest.mark.rule("REPLAY-22")
def test_the_history_of_a_channel_is_recorded_and_is_no_loss(
    node: taktora.Node, other: taktora.Node, tmp_path: Path
) -> None:
    channel = node.channel("map", ctypes.c_uint64, buffer_size=4, history_size=4)
    publisher = channel.publisher()
    for number in range(4):
        publisher.send_copy(number)
    with Recorder(other, tmp_path / "a.mcap", ["map"]) as recorder:
        publisher.connect()
        recorder.poll()
    assert recorder.report().tallies["map"] == Tally(4, 32, 0)


@pytest.mark.rule("REPLAY-27")
def test_a_channel_that_comes_later_is_recorded(
    node: taktora.Node, other: taktora.Node, tmp_path: Path
) -> None:
    came = threading.Event()
    recorded = threading.Event()
    with Recorder(other, tmp_path / "a.mcap", ["arm/*"], exclude=["arm/log"]) as recorder:

        def feed() -> None:
            kept = [node.channel(name, ctypes.c_uint64) for name in ("arm/1", "arm/log", "leg/1")]
            publishers = [channel.publisher() for channel in kept]
            while not recorded.is_set():
                for publisher in publishers:
                    publisher.send_copy(7)
                came.wait(0.001)

        feeder = threading.Thread(target=feed)
        feeder.start()
        recorder.run(messages=5)
        recorded.set()
        feeder.join()
    assert contents(tmp_path / "a.mcap") == {"arm/1": [bytes([7, *bytes(7)])] * 5}


@pytest.mark.rule("REPLAY-23")
def test_a_channel_without_a_slot_is_named_and_nothing_is_left(
    node: taktora.Node, other: taktora.Node, tmp_path: Path
) -> None:
    channel, free = node.channel("imu", Imu, max_subscribers=1), node.channel("a", Imu)
    held = channel.subscriber()
    with pytest.raises(PortLimitReached, match="'imu' has no subscriber left"):
        Recorder(other, tmp_path / "a.mcap", ["*"])
    assert list(tmp_path.iterdir()) == []
    publisher = free.publisher()
    with Recorder(other, tmp_path / "a.mcap", ["*"], exclude=["imu"]) as recorder:
        publisher.send_copy(Imu())
        recorder.poll()
    assert recorder.count == 1
    del held


@pytest.mark.rule("REPLAY-27")
def test_a_late_channel_without_a_slot_is_reported_and_the_others_go_on(
    node: taktora.Node, other: taktora.Node, tmp_path: Path
) -> None:
    first = node.channel("a", ctypes.c_uint64).publisher()
    with Recorder(other, tmp_path / "a.mcap", ["*"]) as recorder:
        channel = node.channel("b", ctypes.c_uint64, max_subscribers=1)
        held = channel.subscriber()
        recorder.run(stop=lambda: bool(recorder.unrecorded))
        first.send_copy(1)
        recorder.poll()
        assert recorder.report().unrecorded[0].name == "b"
        held.close()
        recorder.run(stop=lambda: "b" in recorder.channels)
        publisher = channel.publisher()
        publisher.send_copy(2)
        recorder.poll()
    assert recorder.report().unrecorded == ()
    assert {name: len(data) for name, data in contents(tmp_path / "a.mcap").items()} == {
        "a": 1,
        "b": 1,
    }


@pytest.mark.rule("REPLAY-24")
def test_the_recorder_does_not_keep_a_channel_in_being(
    domain: str, other: taktora.Node, tmp_path: Path
) -> None:
    with Recorder(other, tmp_path / "a.mcap", ["imu"]) as recorder:
        for buffer_size in (4, 8):
            with taktora.Node(domain=domain) as node:
                channel = node.channel("imu", ctypes.c_uint64, buffer_size=buffer_size)
                publisher = channel.publisher()

                def again(
                    publisher: taktora.Publisher = publisher,
                    value: int = buffer_size,
                    before: int = recorder.count,
                ) -> bool:
                    publisher.send_copy(value)
                    return recorder.count > before

                recorder.run(stop=again)
            recorder.run(stop=lambda: not existing_channels(other))
        with taktora.Node(domain=domain) as node:
            kept = node.channel("imu", ctypes.c_uint32)
            recorder.run(stop=lambda: bool(recorder.unrecorded))
            del kept
    (told,) = recorder.report().unrecorded
    assert "u32 of 4 bytes, before that u64 of 8" in told.reason
    data = contents(tmp_path / "a.mcap")["imu"]
    assert {one[0] for one in data} == {4, 8}


@pytest.mark.rule("REPLAY-28")
def test_a_type_that_is_known_has_its_fields_in_the_file(
    node: taktora.Node, other: taktora.Node, tmp_path: Path
) -> None:
    kept = node.channel("imu", Imu)
    with Recorder(other, tmp_path / "a.mcap", ["imu"], types={"imu": Imu}):
        pass
    with Recording(tmp_path / "a.mcap") as recording:
        assert recording.channels[0].fields == (
            Field("sequence", 0, "<Q"),
            Field("at.x", 8, "<f"),
            Field("at.y", 12, "<f"),
            Field("gyro", 16, "<d", (3,)),
            Field("flag", 40, "<B", (), (0, 3)),
            Field("mode", 40, "<B", (), (3, 5)),
        )
    with pytest.raises(PayloadMismatch, match="carries Imu of 48 bytes, not Point of 8"):
        Recorder(other, tmp_path / "b.mcap", ["imu"], types={"imu": Point})
    assert not (tmp_path / "b.mcap").exists()
    del kept


@pytest.mark.rule("REPLAY-29")
def test_record_ends_after_a_number_of_messages_exactly(
    node: taktora.Node, other: taktora.Node, tmp_path: Path
) -> None:
    publisher = node.channel("n", ctypes.c_uint64, buffer_size=64).publisher()
    over = threading.Event()

    def feed() -> None:
        number = 0
        while not over.wait(0.0001):
            publisher.send_copy(number)
            number += 1

    feeder = threading.Thread(target=feed)
    feeder.start()
    report = record(other, tmp_path / "a.mcap", ["n"], messages=50)
    over.set()
    feeder.join()
    assert report.messages == 50
    numbers = [data[0] for data in contents(tmp_path / "a.mcap")["n"]]
    assert numbers == list(range(numbers[0], numbers[0] + 50))


@pytest.mark.rule("REPLAY-29")
def test_record_ends_after_a_time_or_when_it_is_told_to(
    other: taktora.Node, tmp_path: Path, make_executor
) -> None:
    assert record(other, tmp_path / "a.mcap", ["n"], duration=0.05).messages == 0
    asked = []
    record(
        make_executor(), tmp_path / "b.mcap", ["n"], stop=lambda: len(asked) > 3 or asked.append(1)
    )
    assert contents(tmp_path / "a.mcap") == contents(tmp_path / "b.mcap") == {}


@pytest.mark.rule("REPLAY-29")
def test_an_exception_leaves_a_finished_file(
    node: taktora.Node, other: taktora.Node, tmp_path: Path
) -> None:
    publisher = node.channel("n", ctypes.c_uint64).publisher()

    def stop() -> bool:
        publisher.send_copy(1)
        if (tmp_path / "a.mcap").exists() and len(published) == 10:
            raise KeyboardInterrupt
        published.append(1)
        return False

    published: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        record(other, tmp_path / "a.mcap", ["n"], stop=stop)
    assert len(contents(tmp_path / "a.mcap")["n"]) == 10


@pytest.mark.rule("REPLAY-29")
@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"duration": -1}, InvalidArgument, "duration"),
        ({"messages": 0}, InvalidArgument, "messages must be 1"),
        ({"period": 5}, InvalidArgument, "period must be 0.0001 to 0.1"),
        ({"channels": []}, InvalidArgument, "must not be empty"),
        ({"channels": "imu"}, WrongType, "names or patterns"),
        ({"channels": ["imu", ""]}, InvalidArgument, "empty strings"),
        ({"source": 7}, WrongType, "a Node or an Executor"),
        ({"compression": "rar"}, InvalidArgument, "zstd"),
    ],
)
def test_arguments_that_cannot_be_are_refused(
    options: dict, error: type[Exception], words: str, other: taktora.Node, tmp_path: Path
) -> None:
    arguments = {"source": other, "path": tmp_path / "a.mcap", "channels": ["n"]} | options
    with pytest.raises(error, match=words):
        record(**arguments)


@pytest.mark.rule("REPLAY-07")
def test_a_file_that_exists_is_kept_unless_told_otherwise(
    other: taktora.Node, tmp_path: Path
) -> None:
    path = tmp_path / "a.mcap"
    path.write_text("precious")
    with pytest.raises(RecordingError, match="exists"):
        record(other, path, ["n"], duration=0.01)
    assert path.read_text() == "precious"
    record(other, path, ["n"], duration=0.01, overwrite=True)
    assert contents(path) == {}


@pytest.mark.rule("REPLAY-30")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_disk_that_is_full_ends_the_recording_with_its_reason(
    node: taktora.Node, other: taktora.Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from taktora.replay import background

    monkeypatch.setattr(background, "_FLUSH", 0.01)
    publisher = node.channel("n", ctypes.c_uint64).publisher()
    path = tmp_path / "a.mcap"

    def stop() -> bool:
        publisher.send_copy(1)
        return False

    recorder = Recorder(other, path, ["n"])
    full = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115
    import os

    os.dup2(full.fileno(), recorder._background._writer._file.fileno())
    full.close()
    with pytest.raises(RecordingError, match=r"cannot write .*a.mcap: No space left"), recorder:
        recorder.run(stop=stop)
    assert recorder.closed


@pytest.mark.rule("REPLAY-22")
def test_the_pace_follows_the_buffers() -> None:
    pace = Pace(0.001)
    assert pace.after(0.6) == 1_000_000
    assert pace.after(0.61) == 500_000
    assert [pace.after(1.0) for _ in range(4)] == [250_000, 125_000, 100_000, 100_000]
    assert pace.after(0.4) == 100_000
    slow = [pace.after(0.1) for _ in range(60)]
    assert slow == sorted(slow)
    assert slow[-1] == 1_000_000
