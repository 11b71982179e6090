"""A simulated SubDevice that goes no further than PRE-OP."""

from __future__ import annotations

from taktora.segment.hook import OwnDevice

__all__ = ["Stubborn"]


class Stubborn(OwnDevice):
    """It refuses every change to SAFE-OP and OP."""

    def may_enter(self, state: int) -> int:
        """AL Status Code 0x0026: its settings contradict each other."""
        return 0x0026 if state >= 4 else 0
