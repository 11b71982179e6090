"""From a recorded channel to what a node opens, and from recorded bytes to a value to send."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from taktora.errors import PayloadMismatch
from taktora.replay.facts import RecordedChannel

__all__ = ["layout_of", "value_maker"]


def layout_of(channel: RecordedChannel) -> Any:
    """The layout that stands for the recorded payload type."""
    from taktora.transport.layout import Layout

    return Layout(channel.type_name, channel.size, channel.alignment, channel.dynamic)


def value_maker(channel: RecordedChannel, payload_type: Any) -> Callable[[bytes], Any]:
    """Turns recorded bytes into what a publisher of ``payload_type`` sends.

    Raises:
        PayloadMismatch: the type has another size than what was recorded.
    """
    if payload_type is bytes:
        if channel.kind != "bytes":
            raise _mismatch(channel, "bytes")
        return lambda data: data
    if isinstance(payload_type, type):
        if channel.dynamic or ctypes.sizeof(payload_type) != channel.size:
            raise _mismatch(channel, payload_type.__name__)
        make: Callable[[bytes], Any] = payload_type.from_buffer_copy  # type: ignore[attr-defined]
        return make
    itemsize = getattr(payload_type, "itemsize", None)
    if itemsize is None:  # a layout
        return lambda data: data
    if channel.dynamic or itemsize != channel.size:
        raise _mismatch(channel, repr(payload_type))
    import numpy as np

    return lambda data: np.frombuffer(data, payload_type.base).reshape(payload_type.shape)


def _mismatch(channel: RecordedChannel, wanted: str) -> PayloadMismatch:
    return PayloadMismatch(
        f"channel {channel.name!r} was recorded with {channel.type_name} of {channel.size} bytes, "
        f"which is no {wanted}"
    )
