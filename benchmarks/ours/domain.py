"""A domain of our own for each measurement, so that nobody else's channels take part in it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.handwritten import PREFIX, sweep

__all__ = ["own_domain"]

_numbers = itertools.count()


@contextmanager
def own_domain() -> Iterator[str]:
    """The name of a domain that nobody else uses; iceoryx2's last segment of it goes with the block."""
    name = f"{PREFIX}-o{next(_numbers)}"
    try:
        yield name
    finally:
        sweep(f"{name}_")
