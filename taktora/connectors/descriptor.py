"""One channel of a connector: what it is called, where it leads, how large its payloads may be."""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

from attrs import field, frozen

from taktora.connectors.envelope import HEADER_SIZE
from taktora.connectors.routing import NoRouting, Routing
from taktora.errors import InvalidDescriptor, InvalidName, WrongType
from taktora.transport.names import CHANNEL_EVENT, check_channel_name

__all__ = ["LONGEST_SUFFIX", "ChannelDescriptor"]

LONGEST_SUFFIX: Final = ".out"
"""What is put behind a name at most: each direction is an iceoryx2 channel of its own."""
_LONGEST_NAME: Final = 255 - len(CHANNEL_EVENT) - len(LONGEST_SUFFIX)
_MOST: Final = 2**32 - 1 - HEADER_SIZE  # a frame of that is as long as 32 bits can say

R = TypeVar("R", bound=Routing)


@frozen
class ChannelDescriptor(Generic[R]):
    """Names one channel, in both directions. Immutable, and valid once it is made.

    Args:
        name: as of iceoryx2 channels: 1 to 235 ASCII characters.
        routing: where it leads; of the class that the connector wants.
        max_payload: most bytes that a value may take when it is encoded, 1 to 2 ** 32 - 65.

    Raises:
        InvalidDescriptor: the name, or ``max_payload``, cannot be.
        WrongType: ``name`` is no string, ``max_payload`` no integer, or ``routing`` no routing.
    """

    name: str
    routing: R = field(factory=NoRouting)  # type: ignore[assignment]
    max_payload: int = 4096

    def __attrs_post_init__(self) -> None:
        _check_name(self.name)
        routing: Any = self.routing
        if isinstance(routing, type) or not isinstance(routing, Routing):
            raise WrongType(
                f"channel {self.name!r}: routing must be an object of a Routing class, such as "
                f"NoRouting(), not {routing!r}"
            )
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
    if len(name) > _LONGEST_NAME:
        raise InvalidDescriptor(
            f"a channel's name must have at most {_LONGEST_NAME} characters, not {len(name)}: "
            f"{name[:40]!r}…"
        )
    try:
        check_channel_name(name)
    except InvalidName as error:
        raise InvalidDescriptor(str(error)) from error
