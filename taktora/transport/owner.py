"""What a port asks of the node that owns it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from taktora.transport.opened import Opened
    from taktora.transport.tracking import Held

__all__ = ["Owner"]


class Owner(Protocol):
    """A node, of any transport."""

    name: str
    """The node's name; empty when none was given."""
    domain: str | None
    """The domain; ``None`` for the default one."""
    held: Held
    """What still holds something of this node."""
    opened: dict[str, Opened]
    """Every name that was opened through this node."""

    @property
    def closed(self) -> bool:
        """Whether the node was closed."""

    def check_usable(self) -> None:
        """Raise ``PortClosed`` unless the node can be used."""

    def introduce(self, name: str) -> None:
        """Make this process's ports of channel ``name`` connect now, not at their next use."""

    def rescue(self, name: str) -> bool:
        """Let this process's subscribers of ``name`` receive what a closing publisher sent."""

    def close(self) -> None:
        """Release everything of this node. Idempotent."""
