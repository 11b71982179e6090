"""What the commands' options accept; argparse turns each refusal into a message and exit code 2."""

from __future__ import annotations

import argparse

from taktora.errors import InvalidArgument
from taktora.time import to_nanos

__all__ = ["LOG_LEVELS", "seconds", "workers"]

LOG_LEVELS = ("trace", "debug", "info", "warning", "error", "critical")
_MOST_WORKERS = 1024


def seconds(text: str) -> float:
    """A duration: a positive, finite number of seconds."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds") from None
    try:
        to_nanos(value, what="it")
    except InvalidArgument as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return value


def workers(text: str) -> int:
    """How many threads: a whole number that a machine can bear."""
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if not 0 <= value <= _MOST_WORKERS:
        raise argparse.ArgumentTypeError(f"{value} is not between 0 and {_MOST_WORKERS}")
    return value
