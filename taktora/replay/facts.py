"""What a recording says about its channels, its messages and its end. Facts only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from attrs import field, frozen

from taktora.errors import InvalidArgument
from taktora.time import NANOS_PER_SECOND, Nanos

__all__ = ["Break", "Field", "Message", "RecordedChannel", "Tally", "Unrecorded"]


@frozen
class Field:
    """One field of a payload: where it lies and how its bytes are to be read."""

    name: str
    """With its path, as in ``pose.x``; empty for a payload that is one value."""
    offset: int
    """Bytes from the start of the payload."""
    format: str
    """As in Python's ``struct``, byte order first: ``<d``; ``|10s`` where there is no better name."""
    shape: tuple[int, ...] = ()
    """Of an array of such values, outermost first."""
    bits: tuple[int, int] | None = None
    """Of a bit field: its lowest bit within the value, and how many there are."""


@frozen
class RecordedChannel:
    """A channel as it was when it was recorded: its name, its payload's layout, its limits."""

    name: str
    type_name: str
    """Of the payload, as other processes compare it."""
    size: int
    """Bytes of one payload; of one element when ``dynamic``."""
    alignment: int = 1
    """Bytes."""
    dynamic: bool = False
    """Whether each payload has its own number of elements (``bytes``: elements of one byte)."""
    fields: tuple[Field, ...] = ()
    """Empty unless the recorder was told the type."""
    limits: Mapping[str, Any] = field(factory=dict, hash=False)
    """Of the channel: the keywords of ``Node.channel``."""

    def __attrs_post_init__(self) -> None:
        if not self.name or self.size < 1 or self.alignment < 1:
            raise InvalidArgument(
                f"a recorded channel needs a name, a size and an alignment of at least 1, not "
                f"{self.name!r}, {self.size} and {self.alignment}"
            )

    @property
    def kind(self) -> str:
        """``"fixed"``, ``"bytes"``, or ``"slice"`` for many elements of more than one byte."""
        if not self.dynamic:
            return "fixed"
        return "bytes" if self.size == 1 else "slice"

    def fits(self, length: int) -> bool:
        """Whether a payload can have so many bytes."""
        return length % self.size == 0 if self.dynamic else length == self.size


class Message(NamedTuple):
    """One message of a recording."""

    channel: str
    log_time_ns: Nanos
    """When the recorder read it, in ns since 1970; those read together are spread out."""
    publish_time_ns: Nanos
    """When it was published; the same as ``log_time_ns`` where the publisher wrote none down."""
    data: bytes
    """The payload."""


@frozen
class Tally:
    """How much there is of one channel."""

    messages: int = 0
    bytes: int = 0
    """Of payload."""
    full_reads: int = 0
    """Reads that found a buffer full: before each of these, messages may have been lost."""


@frozen
class Break:
    """Where a recording ends that was not finished, or is damaged."""

    offset: int
    """Byte at which the first record begins that cannot be read."""
    size: int
    """Bytes of the file."""
    reason: str
    messages: int
    """Messages before it."""
    after_ns: Nanos | None
    """``log_time_ns`` of the last of them."""
    start_ns: Nanos | None
    """``log_time_ns`` of the first one."""

    def __str__(self) -> str:
        where = f"broken at byte {self.offset} of {self.size}: {self.reason}; "
        if self.after_ns is None or self.start_ns is None:
            return where + "no message before it"
        seconds = (self.after_ns - self.start_ns) / NANOS_PER_SECOND
        plural = "" if self.messages == 1 else "s"
        return where + f"{self.messages} message{plural} in the {seconds:.3f} s before it"


@frozen
class Unrecorded:
    """A channel that was wanted and could not be recorded."""

    name: str
    reason: str
