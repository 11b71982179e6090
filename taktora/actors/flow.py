"""What an execution may answer."""

from __future__ import annotations

import enum

__all__ = ["ControlFlow"]


class ControlFlow(enum.Enum):
    """The result of ``execute``. ``None`` means :attr:`CONTINUE`."""

    CONTINUE = "continue"
    STOP_CHAIN = "stop chain"
    """Inside a chain or graph: start nothing more in this run. Alone: the same as CONTINUE."""
