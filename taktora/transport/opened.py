"""What a node has opened, as facts: for whoever describes it."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

__all__ = ["Opened"]


@frozen
class Opened:
    """A channel or a service by its name. Holds nothing of iceoryx2."""

    kind: Literal["channel", "service"]
    name: str
    payload: str
    """Its payload type as people name it; of a service, request and response."""
