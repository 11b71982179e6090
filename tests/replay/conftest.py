"""Recordings made without shared memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from taktora.replay import Message, RecordedChannel, RecordingWriter

FIXED = RecordedChannel("imu", "Imu", 16, 8, limits={"buffer_size": 16, "overflow": True})
LOOSE = RecordedChannel("log", "u8", 1, dynamic=True)
WIDE = RecordedChannel("scan", "u32", 4, 4, dynamic=True)
CHANNELS = (FIXED, LOOSE, WIDE)


def write(path: Path, messages: Iterable[Message], *, flush_every: int = 0) -> bytes:
    """A finished recording of ``messages`` on :data:`CHANNELS`; its bytes."""
    with RecordingWriter(path, overwrite=True) as writer:
        for channel in CHANNELS:
            writer.add_channel(channel)
        for number, one in enumerate(messages, 1):
            writer.write(one.channel, one.data, one.log_time_ns, one.publish_time_ns)
            if flush_every and number % flush_every == 0:
                writer.flush()
    return path.read_bytes()


def numbered(
    count: int, *, gap: int = 1_000_000, start: int = 1_700_000_000 * 10**9
) -> list[Message]:
    """Messages on all channels in turn, each with its number in it."""
    made = []
    for number in range(count):
        channel = CHANNELS[number % 3]
        data = number.to_bytes(8, "little") * 2
        at = start + number * gap
        made.append(Message(channel.name, at, at - 1, data if channel is not LOOSE else data[:5]))
    return made
