"""Record what runs, and replay it: on channels again, or into a test.

:class:`Recording` reads a file and needs no shared memory. Needs the extra ``replay``.
"""

from __future__ import annotations

from taktora.replay.facts import Break, Field, Message, RecordedChannel, Tally
from taktora.replay.recording import Recording
from taktora.replay.writing import RecordingWriter

__all__ = [
    "Break",
    "Field",
    "Message",
    "RecordedChannel",
    "Recording",
    "RecordingWriter",
    "Tally",
]
