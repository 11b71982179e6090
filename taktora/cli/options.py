"""What the commands' options accept; argparse turns each refusal into a message and exit code 2."""

from __future__ import annotations

import argparse
import math

from taktora.errors import InvalidArgument
from taktora.time import to_nanos

__all__ = ["LOG_LEVELS", "cpus", "period", "positive", "seconds", "speed", "workers"]

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


def cpus(text: str) -> tuple[int, ...]:
    """Numbers of processors, with commas between them."""
    try:
        found = tuple(int(one) for one in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} are not numbers such as 2,3") from None
    return found


def positive(text: str) -> int:
    """A whole number of at least 1."""
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not 1 or more")
    return value


def period(text: str) -> float:
    """Seconds from one look of the recorder to the next."""
    value = seconds(text)
    if not 0.0001 <= value <= 0.1:
        raise argparse.ArgumentTypeError(f"{value} is not between 0.0001 and 0.1 seconds")
    return value


def speed(text: str) -> float:
    """A factor of more than 0, or ``max``."""
    if text == "max":
        return math.inf
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor max") from None
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a factor of more than 0")
    return value
