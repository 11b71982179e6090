"""One switch for everything that logs: taktora's logger and iceoryx2's own output."""

from __future__ import annotations

import logging

from taktora.ipc.log import set_log_level as set_iceoryx2_log_level

__all__ = ["set_log_level"]

_TRACE = 5


def set_log_level(level: str | int) -> None:
    """Log what is at least as important as ``level``: a name or one of :mod:`logging`'s numbers.

    Sets the logger ``"taktora"`` and, for the whole process, what iceoryx2 prints on stderr
    (``"error"`` unless told otherwise).

    Raises:
        InvalidArgument: no such level; nothing was changed.
        WrongType: neither a name nor a number.
    """
    set_iceoryx2_log_level(level)
    if isinstance(level, str):
        name = {"trace": "debug", "warn": "warning", "fatal": "critical"}.get(level.lower(), level)
        level = logging.getLevelNamesMapping()[name.upper()]
    logging.getLogger("taktora").setLevel(max(level, _TRACE))
