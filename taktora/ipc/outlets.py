"""How the sending ports of iceoryx2 are made: never blocking, and growing or bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import iceoryx2 as iox

from taktora.ipc.room import free_bytes
from taktora.transport.outlet import FIRST_BYTES, Outlet

if TYPE_CHECKING:
    from collections.abc import Callable

    from taktora.transport.kind import PayloadKind

__all__ = ["configure", "outlet"]


def configure(builder: Any, kind: PayloadKind, max_bytes: int | None) -> Any:
    """Set on a port builder what all sending ports share: never block, grow or be bounded."""
    builder = builder.backpressure_strategy(iox.BackpressureStrategy.DiscardData)
    if kind.size is None:
        strategy = iox.AllocationStrategy
        builder = builder.initial_max_slice_len(
            FIRST_BYTES if max_bytes is None else max_bytes
        ).allocation_strategy(strategy.PowerOfTwo if max_bytes is None else strategy.Static)
    return builder


def outlet(kind: PayloadKind, max_bytes: int | None, assume_init: Callable[[Any], Any]) -> Outlet:
    """An outlet for the raw loans of iceoryx2."""
    return Outlet(kind, max_bytes, assume_init, loan_error=iox.LoanError, free=free_bytes)
