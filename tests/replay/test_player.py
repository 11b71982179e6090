"""Replaying onto channels."""

from __future__ import annotations

import ctypes
import math
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import taktora
from taktora.errors import (
    InvalidArgument,
    PayloadMismatch,
    PayloadTooLarge,
    RecordingError,
    UnsupportedPayload,
    WrongType,
)
from taktora.replay import Message, Player, Recording, replay
from taktora.replay.ahead import read_ahead
from taktora.replay.window import Window
from taktora.transport.layout import Layout
from tests.replay.conftest import numbered, write


@pytest.fixture
def node(domain: str) -> Iterator[taktora.Node]:
    with taktora.Node(domain=domain) as node:
        yield node


@pytest.fixture
def listening(domain: str) -> Iterator[taktora.Node]:
    with taktora.Node(domain=domain) as node:
        yield node


WHOLE = numbered(300, gap=100_000)
REPLAYED = ("imu", "log")


@pytest.fixture
def recording(tmp_path: Path) -> Iterator[Recording]:
    write(tmp_path / "a.mcap", WHOLE, flush_every=50)
    with Recording(tmp_path / "a.mcap") as recording:
        yield recording


def of(name: str, messages: list[Message] = WHOLE) -> list[bytes]:
    return [one.data for one in messages if one.channel == name]


def drained(subscriber: taktora.Subscriber) -> list[bytes]:
    return [bytes(sample.payload) for sample in subscriber]


@pytest.mark.rule("REPLAY-40")
def test_the_same_messages_come_in_the_same_order_on_each_channel(
    node: taktora.Node, listening: taktora.Node, recording: Recording
) -> None:
    imu = listening.channel("imu", Layout("Imu", 16, 8), buffer_size=200)
    log = listening.channel("log", bytes, buffer_size=200)
    one, two = imu.subscriber(), log.subscriber()
    report = replay(node, recording, channels=REPLAYED)
    assert drained(one) == of("imu")
    assert drained(two) == of("log")
    assert dict(report.sent) == {"imu": 100, "log": 100}
    assert report.broken is None
    assert report.lateness.count == report.messages == 200
    assert report.seconds >= 0.029


@pytest.mark.rule("REPLAY-41")
def test_a_channel_that_is_not_there_is_made_as_it_was(
    node: taktora.Node, listening: taktora.Node, recording: Recording
) -> None:
    with Player(node, recording, channels=REPLAYED) as player:
        channel = listening.channel("imu", Layout("Imu", 16, 8))
        assert channel.limits.buffer_size == 16
        assert player.without_subscribers() == ("imu", "log")
        with pytest.raises(PayloadMismatch):
            listening.channel("imu", Layout("Imu", 16, 16))


@pytest.mark.rule("REPLAY-41")
def test_a_channel_that_is_there_is_used_as_it_is_and_must_carry_the_same(
    node: taktora.Node, listening: taktora.Node, recording: Recording
) -> None:
    kept = listening.channel("imu", Layout("Imu", 16, 8), buffer_size=3)
    with Player(node, recording, channels=["imu"]):
        pass
    other = listening.channel("log", ctypes.c_uint64)
    with pytest.raises(PayloadMismatch, match="'log' is wanted with u8 of any size but exists"):
        Player(node, recording, channels=["log"])
    with pytest.raises(UnsupportedPayload, match="'scan' carries any number of u32"):
        Player(node, recording, channels=["scan"])
    small = listening.channel("small", bytes, max_bytes=2)
    del kept, other, small


@pytest.mark.rule("REPLAY-41")
def test_a_payload_that_the_channel_does_not_take_is_an_error_that_names_it(
    node: taktora.Node, listening: taktora.Node, recording: Recording
) -> None:
    kept = listening.channel("log", bytes, max_bytes=2)
    with pytest.raises(PayloadTooLarge, match="'log'"):
        replay(node, recording, channels=["log"])
    del kept


@pytest.mark.rule("REPLAY-42")
def test_each_message_has_its_time_on_one_grid(recording: Recording) -> None:
    for speed, factor in ((1, 1), (2, 0.5), (0.1, 10)):
        window = Window(recording, None, speed=speed)
        dues = [window.due(one) for one in window.messages()]
        assert dues == [round(number * 100_000 * factor) for number in range(300)]
    assert {Window(recording, None, speed=math.inf).due(one) for one in WHOLE} == {0}


@pytest.mark.rule("REPLAY-42")
def test_no_message_is_published_before_its_time(
    node: taktora.Node, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The player's clock is ours: it advances only where the player waits, or a publish takes time."""
    from taktora.replay import player as module

    now = 5_000_000_000
    seen: list[int] = []

    class Clock:
        @staticmethod
        def monotonic_ns() -> int:
            return now

        @staticmethod
        def sleep(seconds: float) -> None:
            nonlocal now
            now += max(round(seconds * 1e9), 1)

    monkeypatch.setattr(module, "time", Clock)
    with Player(node, recording, channels=["imu"], speed=0.5) as player:
        publisher = player._publishers["imu"]

        class Slow:
            def send_copy(self, data: bytes) -> object:
                nonlocal now
                seen.append(now - 5_000_000_000)
                now += 5_000_000 if len(seen) == 10 else 0
                return publisher.send_copy(data)

        player._publishers["imu"] = Slow()  # type: ignore[assignment]
        player.run()
        lateness = player.report().lateness
        player._publishers["imu"] = publisher
    grid = [number * 600_000 for number in range(100)]
    late = [at - due for at, due in zip(seen, grid, strict=True)]
    assert all(0 <= one < 100 for one in (*late[:10], *late[18:]))
    assert late[10] // 1000 == 4400
    assert lateness.maximum == max(late)


@pytest.mark.rule("REPLAY-43")
def test_a_part_is_played_by_time(
    node: taktora.Node, listening: taktora.Node, recording: Recording
) -> None:
    subscriber = listening.channel("imu", Layout("Imu", 16, 8), buffer_size=200).subscriber()
    with Player(node, recording, channels=["i*"], start=0.01, end=0.02, speed=100) as player:
        player.run()
        assert player.position_ns == player.window.length_ns == 10_000_000
    assert drained(subscriber) == of("imu", WHOLE[100:200])


@pytest.mark.rule("REPLAY-43")
@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"speed": 0}, InvalidArgument, "speed must be more than 0"),
        ({"speed": math.nan}, InvalidArgument, "speed must be more than 0"),
        ({"speed": "2"}, WrongType, "speed must be a number"),
        ({"start": -1}, InvalidArgument, "start"),
        ({"start": 2, "end": 1}, InvalidArgument, "end must be after start"),
        ({"channels": ["nav"]}, InvalidArgument, "no channel 'nav'; there are: imu, log, scan"),
        ({"source": None}, WrongType, "a Node or an Executor"),
    ],
)
def test_arguments_that_cannot_be_are_refused(
    options: dict, error: type[Exception], words: str, node: taktora.Node, recording: Recording
) -> None:
    arguments = {"source": node, "recording": recording, "channels": ["imu"]} | options
    with pytest.raises(error, match=words):
        replay(**arguments)


@pytest.mark.rule("REPLAY-44")
def test_it_waits_for_subscribers(
    node: taktora.Node, listening: taktora.Node, recording: Recording
) -> None:
    channel = listening.channel("imu", Layout("Imu", 16, 8), buffer_size=200)
    got: list[bytes] = []
    began = threading.Event()

    def subscribe() -> None:
        began.wait(10)
        got.append(channel.subscriber())  # type: ignore[arg-type]

    thread = threading.Thread(target=subscribe)
    thread.start()
    looks = 0

    def stop() -> bool:
        nonlocal looks
        looks += 1
        if looks == 3:
            began.set()
        return False

    replay(node, recording, channels=["imu"], subscribers=1, speed=math.inf, stop=stop)
    thread.join()
    assert drained(got[0]) == of("imu")  # type: ignore[arg-type]
    assert looks >= 3
    with Player(node, recording, channels=["imu"]) as player:
        assert not player.wait_for_subscribers(2, stop=lambda: True)
        with pytest.raises(InvalidArgument, match="1 or more"):
            player.wait_for_subscribers(0)


@pytest.mark.rule("REPLAY-45")
def test_it_ends_when_it_is_told_to(node: taktora.Node, tmp_path: Path) -> None:
    write(
        tmp_path / "a.mcap",
        [WHOLE[0], WHOLE[3]._replace(log_time_ns=WHOLE[0].log_time_ns + 10**13)],
    )
    asked = []
    with Recording(tmp_path / "a.mcap") as recording:
        for speed in (1, math.inf):
            asked.clear()
            report = replay(
                node,
                recording,
                channels=["imu"],
                speed=speed,
                stop=lambda: asked.append(1) or len(asked) > 2,
            )
    assert report.messages == 2
    with Recording(tmp_path / "a.mcap") as recording:
        report = replay(
            node, recording, channels=["imu"], stop=lambda: bool(asked.append(1)) or len(asked) > 9
        )
    assert report.messages == 1


@pytest.mark.rule("REPLAY-46")
def test_without_overflow_what_no_subscriber_took_is_counted(
    node: taktora.Node, listening: taktora.Node, recording: Recording
) -> None:
    channel = listening.channel("imu", Layout("Imu", 16, 8), buffer_size=4, overflow=False)
    subscriber = channel.subscriber()
    report = replay(node, recording, channels=["imu"], speed=math.inf)
    assert dict(report.undelivered) == {"imu": 96}
    assert drained(subscriber) == of("imu")[:4]


@pytest.mark.rule("REPLAY-02")
def test_a_broken_recording_is_replayed_up_to_the_break(
    node: taktora.Node, listening: taktora.Node, tmp_path: Path
) -> None:
    whole = write(tmp_path / "a.mcap", WHOLE, flush_every=50)
    (tmp_path / "a.mcap").write_bytes(whole[: len(whole) // 2])
    subscriber = listening.channel("imu", Layout("Imu", 16, 8), buffer_size=200).subscriber()
    with Recording(tmp_path / "a.mcap") as recording:
        report = replay(node, recording, channels=REPLAYED, speed=math.inf)
    assert report.broken is not None
    assert 0 < report.broken.messages < 300
    assert drained(subscriber) == of("imu", WHOLE[: report.broken.messages])


def test_reading_ahead_gives_the_same_and_ends_early_or_with_the_error() -> None:
    many = WHOLE * 30
    with read_ahead(many) as messages:
        assert list(messages) == many
    with read_ahead(many) as messages:
        assert next(messages) == many[0]

    def failing() -> Iterator[Message]:
        yield WHOLE[0]
        raise RecordingError("was closed")

    with read_ahead(failing()) as messages:
        assert next(messages) == WHOLE[0]
        with pytest.raises(RecordingError):
            next(messages)
