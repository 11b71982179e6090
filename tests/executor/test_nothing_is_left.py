"""What an item that failed had in hand does not outlive the executor."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import taktora
from taktora import Executor, ItemFailed
from tests.conftest import leftovers


@pytest.fixture
def no_gc() -> Iterator[None]:
    """Only reference counts free anything."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.rule("LIFE-14")
@pytest.mark.usefixtures("no_gc")
@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("how", ["wrong type", "fill raises", "too large"])
def test_a_failure_inside_a_send_leaves_no_file_even_if_the_error_is_kept(
    domain: str, workers: int, how: str, kept: bool
) -> None:
    kept_errors: list[BaseException] = []
    with Executor(domain=domain, worker_threads=workers) as executor:
        publisher = executor.channel("log", bytes, max_bytes=64).publisher()

        def fill(payload: Any) -> None:
            raise ValueError("planted")

        attempts: dict[str, Callable[[], object]] = {
            "wrong type": lambda: publisher.send_copy("text"),
            "fill raises": lambda: publisher.loan_send(fill, 8),
            "too large": lambda: publisher.send_copy(b"x" * 65),
        }
        executor.add(taktora.item(lambda: attempts[how](), triggers=lambda on: on.interval(0.001)))
        with pytest.raises(ItemFailed) as caught:
            executor.run()
        if kept:
            kept_errors.append(caught.value)
        del caught
    assert [path for path in leftovers(domain) if not path.endswith(".global_mgmt")] == []
    assert bool(kept_errors) is kept
