"""What a port to the world outside has counted, whatever connector it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from attrs import field, frozen

from taktora.observe.histogram import Summary

__all__ = ["PortStats"]

_NOTHING: Mapping[str, int] = MappingProxyType({})


def _held(counts: Mapping[str, int]) -> Mapping[str, int]:
    return MappingProxyType(dict(counts)) if counts else _NOTHING


@frozen
class PortStats:
    """The numbers of one writer or reader since it was made; they never go down."""

    messages: int = 0
    """Writer: values accepted. Reader: values handed out."""
    bytes: int = 0
    """Bytes of their payloads; envelopes do not count."""
    drops: int = 0
    """Values that were accepted, or had come, and were then thrown away.

    0 here: what the full buffer of a slow reader loses is in that reader's ``gaps``.
    """
    gaps: int = 0
    """Reader: numbers that were missing before or between the frames of each writer. What was sent
    before the reader was there is missing, too."""
    crc_errors: int = 0
    """Reader: frames whose envelope was not in order, for whatever reason in ``rejected``."""
    decode_errors: int = 0
    """Reader: frames in order whose payload the codec could not read."""
    rejected: Mapping[str, int] = field(default=_NOTHING, converter=_held, hash=False)
    """Reader: frames whose envelope was not in order, by the reason."""
    restarts: int = 0
    """Reader of what a gateway sends: how often a new writer took over from an earlier one."""
    last_error: str | None = None
    """Writer: why it refused the latest value that it refused. Reader: what was wrong with the
    latest frame that it did not hand out."""
    latency: Summary | None = None
    """Reader: nanoseconds from a frame's timestamp to its receipt; ``None``: nothing came.

    Clocks of two computers differ; less than nothing counts as nothing.
    """
