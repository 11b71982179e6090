"""Benches, which are closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .bench import Bench


@pytest.fixture
def bench_of() -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(*args: Any, **options: Any) -> Bench:
        made.append(Bench(*args, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def bench(bench_of: Callable[..., Bench]) -> Bench:
    """Registered and up."""
    return bench_of().begin()
