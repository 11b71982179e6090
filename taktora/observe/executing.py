"""What executes on this thread right now, for observers that want more than an id."""

from __future__ import annotations

import threading
from typing import Protocol

from taktora.core.triggers import Fired
from taktora.time import Nanos

__all__ = ["Executing", "executing", "here"]


class Executing(Protocol):
    """The part of an execution's :class:`~taktora.Context` that is there to be looked at."""

    now_ns: Nanos
    triggers: tuple[Fired, ...]

    @property
    def in_run(self) -> bool:
        """Whether this is a node's part in a run of its chain or graph (else it is a message)."""

    @property
    def scheduled_ns(self) -> Nanos | None:
        """The grid slot of the interval tick that woke it, else ``None``; monotonic ns."""


class _Here(threading.local):
    execution: Executing | None = None


here = _Here()


def executing() -> Executing | None:
    """The execution that observer and monitor are being told about on this thread.

    Set from ``on_app_start`` (or ``pre_execute``) to ``on_app_stop``, ``None`` outside of that.
    """
    return here.execution
