"""iceoryx2's own log goes to stderr; only errors and worse unless asked for more."""

from __future__ import annotations

import logging
from typing import Any, Final

import iceoryx2 as iox

from taktora.errors import InvalidArgument, WrongType

__all__ = ["set_log_level"]

_BY_NAME: Final[dict[str, Any]] = {
    "trace": iox.LogLevel.Trace,
    "debug": iox.LogLevel.Debug,
    "info": iox.LogLevel.Info,
    "warn": iox.LogLevel.Warn,
    "warning": iox.LogLevel.Warn,
    "error": iox.LogLevel.Error,
    "fatal": iox.LogLevel.Fatal,
    "critical": iox.LogLevel.Fatal,
}
_BY_NUMBER: Final[dict[int, str]] = {
    5: "trace",
    logging.DEBUG: "debug",
    logging.INFO: "info",
    logging.WARNING: "warning",
    logging.ERROR: "error",
    logging.CRITICAL: "critical",
}


def set_log_level(level: str | int | Any) -> None:
    """Let iceoryx2 print what is at least as important as ``level``, for the whole process.

    Args:
        level: a name (``"trace"``, ``"debug"``, ``"info"``, ``"warning"``, ``"error"``,
            ``"critical"``; case does not matter), one of :mod:`logging`'s numbers (5 is trace),
            or an ``iceoryx2.LogLevel``.

    Raises:
        InvalidArgument: no such level.
        WrongType: neither a name nor a number nor a level.
    """
    if isinstance(level, iox.LogLevel):
        iox.set_log_level(level)
        return
    if isinstance(level, bool) or not isinstance(level, str | int):
        raise WrongType(f"log level must be a name or a logging number, not {level!r}")
    name = _BY_NUMBER.get(level, "") if isinstance(level, int) else level.lower()
    if name not in _BY_NAME:
        raise InvalidArgument(
            f"no log level {level!r}; use one of {', '.join(sorted(_BY_NAME))}, "
            f"or logging's {', '.join(map(str, sorted(_BY_NUMBER)))}"
        )
    iox.set_log_level(_BY_NAME[name])


set_log_level("error")
