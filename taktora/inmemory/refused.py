"""What the raw objects of this transport raise; the ports turn it into an error of ours."""

from __future__ import annotations

from typing import Final

from taktora.transport.raised import Raised

__all__ = ["RAISED", "Refused"]


class Refused(Exception):
    """The reason, in iceoryx2's words."""


RAISED: Final = Raised(
    loan=Refused,
    send=Refused,
    request=Refused,
    receive=Refused,
    notify=Refused,
    listen=Refused,
    connect=Refused,
)
