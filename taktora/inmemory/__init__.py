"""Channels and services in the memory of one process, behaving as iceoryx2's do.

For simulations: no thread, no clock, no randomness, and where iceoryx2 promises no order,
:attr:`Fabric.choose` decides. `spec/inmemory.md` has the rules; a conformance machine compares
them with iceoryx2.
"""

from __future__ import annotations

from taktora.inmemory.fabric import Fabric
from taktora.inmemory.node import InMemoryNode

__all__ = ["Fabric", "InMemoryNode"]
