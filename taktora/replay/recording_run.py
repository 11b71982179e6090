"""``record``: a recorder from its beginning to its end in one call."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from typing import Any

from taktora.replay.recorder import Recorder
from taktora.replay.report import RecordReport
from taktora.replay.writing import Compression
from taktora.time import Duration

__all__ = ["record"]


def record(
    source: Any,
    path: str | os.PathLike[str],
    channels: Collection[str],
    *,
    duration: Duration | None = None,
    messages: int | None = None,
    stop: Callable[[], bool] | None = None,
    period: Duration = 0.01,
    exclude: Collection[str] = (),
    types: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    compression: Compression = "zstd",
) -> RecordReport:
    """Record ``channels`` to the file ``path`` until one of the limits is reached; what was recorded.

    Blocks the calling thread. However it ends, the file is finished. Arguments and errors are those
    of :class:`~taktora.replay.Recorder` and its ``run``.
    """
    recorder = Recorder(
        source,
        path,
        channels,
        exclude=exclude,
        types=types,
        overwrite=overwrite,
        compression=compression,
    )
    with recorder:
        recorder.run(duration=duration, messages=messages, stop=stop, period=period)
    return recorder.report()
