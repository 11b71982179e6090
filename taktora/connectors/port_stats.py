"""What a connector's port has counted. Lives in ``taktora.observe``, so that executors know it."""

from __future__ import annotations

from taktora.observe.port_stats import PortStats

__all__ = ["PortStats"]
