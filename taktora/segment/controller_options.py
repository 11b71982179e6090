"""How one simulated controller is built: what does not come from the device behind it."""

from __future__ import annotations

from attrs import frozen

from taktora.errors import InvalidArgument
from taktora.segment.device import Device
from taktora.time import NANOS_PER_SECOND, Nanos

__all__ = ["ControllerOptions"]


@frozen
class ControllerOptions:
    """Options of one controller. Times are in nanoseconds.

    Raises:
        InvalidArgument: A value that no controller can have.
    """

    alias: int = 0
    """Configured station alias in the SII (word 0x0004), loaded into register 0x0012."""
    mailbox_size: int | None = None
    """Bytes of each mailbox, header included, 32 to 1486. ``None``: what the device's mailbox says
    (its ``size``), else 128."""
    drift: int = 0
    """Parts per billion that its clock is too fast."""
    patience: Nanos | None = NANOS_PER_SECOND // 5
    """How long a request for OP waits for valid outputs before it is refused with AL Status Code
    0x0019. ``None``: lax, OP is entered without any."""
    lrw: bool = True
    """Whether it takes part in LRW; else masters have to use LRD and LWR (0x0008 bit 9, and the SII)."""
    sii_busy: Nanos = 0
    """How long a command to the SII takes."""

    def __attrs_post_init__(self) -> None:
        for name, value, low, high in (
            ("alias", self.alias, 0, 0xFFFF),
            ("mailbox_size", 128 if self.mailbox_size is None else self.mailbox_size, 32, 1486),
            ("drift", self.drift, -1_000_000, 1_000_000),
            ("sii_busy", self.sii_busy, 0, NANOS_PER_SECOND),
            ("patience", self.patience or 0, 0, 3600 * NANOS_PER_SECOND),
        ):
            if not low <= value <= high:
                raise InvalidArgument(f"{name} must be {low} to {high}, not {value}")

    def mailbox_of(self, device: Device) -> int:
        """Bytes of each mailbox of ``device``."""
        if self.mailbox_size is not None:
            return self.mailbox_size
        size: int = getattr(device.mailbox, "size", 128)
        return size
