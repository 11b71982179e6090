"""Recording channels of a running system: a reader that polls, and a thread that writes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import attrs

from taktora.closing import Closing
from taktora.drivers.switch_interval import switch_interval
from taktora.errors import InvalidArgument, PayloadMismatch, RecordingError, WrongType
from taktora.ipc.node import Node
from taktora.replay.background import Background
from taktora.replay.facts import Field, RecordedChannel, Tally, Unrecorded
from taktora.replay.fields import fields_of
from taktora.replay.library import import_mcap
from taktora.replay.matching import checked_patterns
from taktora.replay.pace import Pace
from taktora.replay.report import RecordReport
from taktora.replay.wanted import Wanted
from taktora.replay.writing import Compression, RecordingWriter
from taktora.time import NANOS_PER_SECOND, Duration, Nanos, to_nanos
from taktora.transport.payload import payload_kind

if TYPE_CHECKING:
    from taktora.ipc.tap import Tap

__all__ = ["Recorder", "node_of"]

_LOOK: Final = 50_000_000  # ns between two looks for channels that came or went
_SWITCH: Final = 0.0005  # s that the writing thread may keep the reading one from the interpreter


def node_of(source: Any) -> Node:
    """The node itself, or that of an executor.

    Raises:
        WrongType: it is neither.
    """
    node = source if isinstance(source, Node) else getattr(source, "node", None)
    if not isinstance(node, Node):
        raise WrongType(f"expected a Node or an Executor, not {source!r}")
    return node


class Recorder(Closing):
    """Records what is published on channels, from the moment it is made until it is closed.

    It subscribes to each channel and copies what waits whenever :meth:`poll` is called. Messages that
    waited together get times that are spread evenly over the time since the poll before. Nobody is
    woken and nobody waits for it: a publisher that is faster than :meth:`poll` overwrites what was
    not read. Reads that may have lost something so are counted. One thread polls; the numbers may
    be read from any.

    Args:
        source: a node, or an executor, in whose domain to record.
        path: of the new file.
        channels: names, and shell patterns (``arm/*``). Channels that do not exist yet are recorded
            once they do.
        exclude: names and patterns of those not to record.
        types: payload types by channel name; their fields are described in the file.
        overwrite: replace a file that exists.
        compression: ``"zstd"``, ``"lz4"`` or ``"none"``.

    Raises:
        PortLimitReached: a channel has no subscriber slot left.
        IpcError: a channel cannot be listened to.
        PayloadMismatch: a channel carries another type than ``types`` says.
        RecordingError: the file exists, or cannot be created.
        MissingExtra: ``mcap`` is not installed.
    """

    def __init__(
        self,
        source: Any,
        path: str | os.PathLike[str],
        channels: Collection[str],
        *,
        exclude: Collection[str] = (),
        types: Mapping[str, Any] | None = None,
        overwrite: bool = False,
        compression: Compression = "zstd",
    ) -> None:
        patterns = checked_patterns(channels, "channels")
        if not patterns:
            raise InvalidArgument("channels must not be empty; ['*'] records all")
        import_mcap()  # now, and not while buffers fill
        self._types = dict(types or {})
        self._now = _clock()
        self._wanted = Wanted(node_of(source), patterns, checked_patterns(exclude, "exclude"))
        self._messages: dict[str, int] = {}
        self._bytes: dict[str, int] = {}
        self._full_reads: dict[str, int] = {}
        self._looked: dict[str, Nanos] = {}
        self._at: Nanos = 0
        self._taken: list[tuple[Nanos, str, bytes]] = []
        self._began = time.monotonic_ns()
        self._ended: Nanos | None = None
        self._look_at = self._began + _LOOK
        self.fullness = 0.0
        """Of the fullest buffer that the latest :meth:`poll` found, 0 to 1."""
        self.count = 0
        """Messages recorded so far."""
        self.full_reads = 0
        """Reads so far that found a buffer full."""
        taps = self._wanted.first()
        try:
            facts = [self._described(tap) for tap in taps]
            writer = RecordingWriter(path, overwrite=overwrite, compression=compression)
        except BaseException:
            self._wanted.close()
            raise
        self.path = writer.path
        self._background = Background(writer)
        for one in facts:
            self._declare(one)

    def poll(self, most: int | None = None) -> int:
        """Take what waits on every channel, at most ``most`` messages; how many there were.

        Raises:
            RecordingError: the file can no longer be written, or the recorder was closed.
            IpcError: iceoryx2 could not receive.
            PortClosed: the node was closed.
        """
        if self._ended is not None:
            raise RecordingError(f"the recording {self.path} was closed")
        if self._background.error is not None:
            raise self._background.error
        before, self.fullness = self.count, 0.0
        if self._background.is_behind:
            return 0
        self._at = self._now()
        now = time.monotonic_ns()
        if now >= self._look_at:
            self._look_at = now + _LOOK
            self._tend()
        for tap in self._wanted.taps.values():
            self._drain(tap)
        self._write(most)
        return self.count - before

    def run(
        self,
        *,
        duration: Duration | None = None,
        messages: int | None = None,
        stop: Callable[[], bool] | None = None,
        period: Duration = 0.01,
    ) -> None:
        """Poll until ``duration`` is over, ``messages`` are recorded, or ``stop()`` is true.

        It polls every ``period``, and more often at the beginning and when a buffer was found more
        than half full. Polled once a millisecond, a fast publisher on another core pays for it
        (``spec/replay.md``); in return, times are exact to a millisecond.

        Raises:
            InvalidArgument: a duration, number or period that cannot be.
            RecordingError, IpcError, PortClosed: as :meth:`poll`.
        """
        pace = Pace(period)
        length = None if duration is None else to_nanos(duration)
        if messages is not None and messages < 1:
            raise InvalidArgument(f"messages must be 1 or more, not {messages}")
        due = time.monotonic_ns()
        end = None if length is None else due + length
        with switch_interval(_SWITCH):
            while not (stop is not None and stop()):
                self.poll(None if messages is None else messages - self.count)
                now = time.monotonic_ns()
                if messages is not None and self.count >= messages:
                    return
                if end is not None and now >= end:
                    return
                due = max(due + pace.after(self.fullness), now)
                time.sleep((due - now) / NANOS_PER_SECOND)

    @property
    def seconds(self) -> float:
        """How long it has been recording."""
        ended = time.monotonic_ns() if self._ended is None else self._ended
        return (ended - self._began) / NANOS_PER_SECOND

    @property
    def size(self) -> int:
        """Bytes of the file, as of its latest flush."""
        return self._background.size

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels that are, or were, recorded."""
        return tuple(self._messages)

    @property
    def unrecorded(self) -> tuple[Unrecorded, ...]:
        """Channels that came later and cannot be listened to."""
        return self._wanted.unrecorded

    def report(self) -> RecordReport:
        """What was recorded so far."""
        return RecordReport(
            path=self.path,
            tallies={
                name: Tally(count, self._bytes[name], self._full_reads[name])
                for name, count in dict(self._messages).items()
            },
            seconds=self.seconds,
            size=self.size,
            unrecorded=self.unrecorded,
        )

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._ended is not None

    def close(self) -> None:
        """Finish the file. Closing twice is fine.

        What was published and not polled is not recorded.

        Raises:
            RecordingError: the file could not be written; it can be read up to there.
        """
        if self._ended is not None:
            return
        self._ended = time.monotonic_ns()
        self._wanted.close()
        self._background.finish(self._full_reads)

    def _tend(self) -> None:
        for tap in self._wanted.look():
            try:
                self._declare(self._described(tap))
            except PayloadMismatch as error:
                self._wanted.refuse(tap, str(error))
        self._wanted.let_go(self._drain)

    def _drain(self, tap: Tap) -> None:
        """Take what waits; it is written with what waits elsewhere, in the order of time."""
        name, limits = tap.name, tap.limits
        payloads, fullest = tap.drain()
        now = self._at  # one time for all channels: what comes at the next look is later
        since = self._looked.get(name, now)
        self._looked[name] = now
        if not payloads:
            return
        self.fullness = max(self.fullness, fullest / limits.buffer_size)
        history = limits.history_size if not self._messages[name] else 0
        if fullest >= limits.buffer_size and fullest > history:
            self._full_reads[name] += 1
            self.full_reads += 1
        passed, count = now - since, len(payloads)
        self._taken += [
            (since + passed * number // count, name, data)
            for number, data in enumerate(payloads, 1)
        ]

    def _write(self, most: int | None) -> None:
        """Hand on what was taken, at most ``most`` messages of it."""
        taken, self._taken = self._taken, []
        taken.sort(key=itemgetter(0))  # stable: those of one channel stay in order
        batch = taken if most is None else taken[:most]
        if not batch:
            return
        for _, name, data in batch:
            self._messages[name] += 1
            self._bytes[name] += len(data)
        self.count += len(batch)
        self._background.write(batch)

    def _declare(self, channel: RecordedChannel) -> None:
        if channel.name not in self._messages:
            self._messages[channel.name] = 0
            self._bytes[channel.name] = self._full_reads[channel.name] = 0
            self._background.add_channel(channel)

    def _described(self, tap: Tap) -> RecordedChannel:
        layout = tap.layout
        fields: tuple[Field, ...] = ()
        known = self._types.get(tap.name)
        if known is not None:
            kind = payload_kind(known, f"channel {tap.name!r}")
            if (kind.type_name, kind.size) != (
                layout.type_name,
                None if layout.dynamic else layout.size,
            ):
                raise PayloadMismatch(
                    f"channel {tap.name!r} carries {layout.type_name} of {layout.size} bytes, not "
                    f"{kind.type_name} of {kind.size} as stated in types"
                )
            fields = fields_of(known)
        return RecordedChannel(
            tap.name,
            layout.type_name,
            layout.size,
            layout.alignment,
            layout.dynamic,
            fields,
            attrs.asdict(tap.limits),
        )


def _clock() -> Callable[[], Nanos]:
    """Nanoseconds since 1970 that never go back, whatever is done to the wall clock meanwhile."""
    offset, monotonic = time.time_ns() - time.monotonic_ns(), time.monotonic_ns
    return lambda: monotonic() + offset
