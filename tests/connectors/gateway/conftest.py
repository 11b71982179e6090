"""Benches, which are closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from .links import Bench


@pytest.fixture
def bench_of() -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(*args: object, **options: object) -> Bench:
        made.append(Bench(*args, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.connector.close()
        one.executor.close()


@pytest.fixture
def bench(bench_of: Callable[..., Bench]) -> Bench:
    """Registered and up."""
    return bench_of().begin()
