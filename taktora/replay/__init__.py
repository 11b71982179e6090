"""Record what runs, and replay it: on channels again, or into a test.

:class:`Recording` reads a file and needs no shared memory. Needs the extra ``replay``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from taktora.replay.facts import Break, Field, Message, RecordedChannel, Tally, Unrecorded
from taktora.replay.into import Playback, play_into
from taktora.replay.recording import Recording
from taktora.replay.writing import RecordingWriter

if TYPE_CHECKING:
    from taktora.replay.player import Player, replay
    from taktora.replay.recorder import Recorder
    from taktora.replay.recording_run import record
    from taktora.replay.report import RecordReport, ReplayReport

__all__ = [
    "Break",
    "Field",
    "Message",
    "Playback",
    "Player",
    "RecordReport",
    "RecordedChannel",
    "Recorder",
    "Recording",
    "RecordingWriter",
    "ReplayReport",
    "Tally",
    "Unrecorded",
    "play_into",
    "record",
    "replay",
]

_LIVE: Final = {
    "Player": "player",
    "Recorder": "recorder",
    "RecordReport": "report",
    "ReplayReport": "report",
    "record": "recording_run",
    "replay": "player",
}
"""What works on real channels, and where it is: imported only when it is used."""


def __getattr__(name: str) -> Any:
    if name not in _LIVE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LIVE[name]}"), name)
