"""One channel of a connector: what it is called, where it leads, how large its payloads may be."""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

from attrs import field, frozen

from taktora.connectors.routing import NoRouting, Routing
from taktora.errors import ChannelError, InvalidDescriptor, WrongType
from taktora.transport.names import check_channel_name

__all__ = ["LONGEST_SUFFIX", "ChannelDescriptor"]

LONGEST_SUFFIX: Final = ".out"
"""What is put behind a name at most: each direction is an iceoryx2 channel of its own."""
_MOST: Final = 2**32 - 1 - 64  # what the envelope's length field and its header leave

R = TypeVar("R", bound=Routing)


@frozen
class ChannelDescriptor(Generic[R]):
    """Names one channel, in both directions. Immutable, and valid once it is made.

    Args:
        name: as of iceoryx2 channels, at most 235 ASCII characters.
        routing: where it leads; of the class that the connector wants.
        max_payload: most bytes that a value may take when it is encoded, 1 to 4 GiB.

    Raises:
        InvalidDescriptor: one of them cannot be.
        WrongType: ``max_payload`` is no integer, or ``routing`` no routing.
    """

    name: str
    routing: R = field(factory=NoRouting)  # type: ignore[assignment]
    max_payload: int = 4096

    def __attrs_post_init__(self) -> None:
        _check_name(self.name)
        if not isinstance(self.routing, Routing):
            raise WrongType(f"channel {self.name!r}: {self.routing!r} is no routing")
        size: Any = self.max_payload
        if isinstance(size, bool) or not isinstance(size, int):
            raise WrongType(f"channel {self.name!r}: max_payload must be an integer, not {size!r}")
        if not 1 <= size <= _MOST:
            raise InvalidDescriptor(
                f"channel {self.name!r}: max_payload must be 1 to {_MOST} bytes, not {size}"
            )


def _check_name(name: Any) -> None:
    if not isinstance(name, str):
        raise WrongType(f"a channel's name must be a string, not {name!r}")
    if not name:
        raise InvalidDescriptor("a channel's name must not be empty")
    try:
        check_channel_name(name + LONGEST_SUFFIX)
    except ChannelError as error:
        raise InvalidDescriptor(f"channel {name!r}: {error}") from error
