"""One SubDevice of a bus that exists in memory only."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from attrs import define, field

from taktora.connectors.ethercat.bus import AlState
from taktora.errors import BusError

__all__ = ["MockSubDevice"]

Outcome = AlState | str | BusError
"""Of one step of recovery: the state that it is in afterwards, only words, or an error."""


@define(slots=False)
class MockSubDevice:
    """One SubDevice of a :class:`MockBusDriver`. A test may change everything but the sizes."""

    name: str = "mock"
    output_bits: int = 16
    input_bits: int = 16
    vendor: int = 0
    product: int = 0
    revision: int = 0
    objects: dict[tuple[int, int], bytes] = field(factory=dict)
    """Its object dictionary, by index and subindex; empty: it has no mailbox."""
    behaviour: Callable[[memoryview, memoryview], None] | None = None
    """Called in OP at each exchange with its outputs and, to be written, its inputs."""
    state: AlState = AlState.INIT
    error: bool = False
    al_status: int = 0
    recovery: deque[Outcome] = field(factory=deque)
    """What the next steps of recovery come to; none left: it is in OP."""
    outputs: bytearray = field(init=False)
    """As they arrived."""
    inputs: bytearray = field(init=False)
    """To be sent with the next exchange."""

    def __attrs_post_init__(self) -> None:
        self.outputs = bytearray((self.output_bits + 7) // 8)
        self.inputs = bytearray((self.input_bits + 7) // 8)

    @property
    def share(self) -> int:
        """What it adds to the working counter (ETG.1000.4, LRW): 2 for outputs, 1 for inputs."""
        return 2 * (self.output_bits > 0) + (self.input_bits > 0)

    def fall(self, state: AlState = AlState.SAFE_OP, al_status: int = 0x1B) -> None:
        """Fall back with an error; as after its watchdog, unless told otherwise."""
        self.state, self.error, self.al_status = state, True, al_status

    def rise(self, state: AlState = AlState.OP) -> None:
        """Be in ``state`` without an error."""
        self.state, self.error, self.al_status = state, False, 0
