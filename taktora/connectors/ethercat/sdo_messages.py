"""What a plug-in asks of objects at run time, and what it is answered. Pure.

They go over the channel ``<connector>/sdo`` of the connector itself, as JSON, each answer with the
correlation id of its request.
"""

from __future__ import annotations

from typing import Final

from attrs import field, frozen

from taktora.connectors.codecs.json import JsonCodec
from taktora.connectors.descriptor import ChannelDescriptor
from taktora.connectors.routing import NoRouting
from taktora.errors import BusError, SdoAbort
from taktora.time import Nanos

__all__ = ["CODEC", "LARGEST", "SdoReply", "SdoRequest", "sdo_channel"]

CODEC: Final = JsonCodec()
LARGEST: Final = 16_384
"""Bytes of a request or an answer."""


def sdo_channel(connector: str) -> ChannelDescriptor[NoRouting]:
    """Where a connector's requests and answers go; objects of up to some 12,000 bytes fit."""
    return ChannelDescriptor(f"{connector}/sdo", max_payload=LARGEST)


@frozen
class SdoRequest:
    """Read an object, or write it."""

    subdevice: int | str
    """Position on the wire, from 1; or the name that the gateway's options give to it."""
    index: int
    subindex: int
    data: bytes | None = None
    """To be written; ``None``: it is to be read."""
    complete: bool = field(default=False, kw_only=True)
    """All subindices at once."""
    expires_ns: Nanos = field(default=0, kw_only=True)
    """When nobody waits for it any more, in the time of timestamps. It is not done after that."""


@frozen
class SdoReply:
    """What came of it."""

    data: bytes | None = None
    """What was read."""
    error: str = ""
    """Why it failed; empty: it has not."""
    abort: tuple[int, int, int, int] | None = None
    """Position, index, subindex and code of an SDO abort, of which ``error`` is the text."""

    @classmethod
    def of(cls, error: Exception) -> SdoReply:
        """What a driver raised."""
        if isinstance(error, SdoAbort):
            where = (error.position, error.index, error.subindex, error.code)
            return cls(error=error.text, abort=where)
        if isinstance(error, BusError):
            return cls(error=str(error))
        return cls(error=f"{type(error).__name__}: {error}")

    @property
    def exception(self) -> BusError | None:
        """As it is to be raised; ``None``: nothing is."""
        if self.abort is not None:
            return SdoAbort(*self.abort, self.error)
        return BusError(self.error) if self.error else None
