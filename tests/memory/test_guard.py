"""The guard: flat is flat, and what grows is caught."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any

import pytest

from taktora.errors import InvalidArgument, MemoryGrew, TaktoraError, WrongType
from taktora.memory import AllocationGuard


@pytest.mark.rule("MEM-20")
def test_work_that_keeps_nothing_passes() -> None:
    with AllocationGuard() as guard:
        for number in range(100_000):
            _ = [object(), number, str(number)]
    assert guard.report.flat
    assert str(guard.report) in repr(guard)


@pytest.mark.rule("MEM-20")
def test_an_object_kept_every_300_rounds_is_caught() -> None:
    kept: list[object] = []
    with pytest.raises(MemoryGrew, match=r"\d+ Python memory blocks more") as caught:  # noqa: SIM117
        with AllocationGuard() as guard:
            for number in range(100_000):
                kept += [object()] if number % 300 == 0 else []
    assert caught.value.blocks == guard.report.blocks_grown > 256
    assert caught.value.rss == guard.report.rss_grown
    assert not guard.report.flat
    assert isinstance(caught.value, TaktoraError)


@pytest.mark.rule("MEM-20")
def test_large_buffers_that_are_kept_are_caught_by_resident_memory() -> None:
    kept: list[bytes] = []
    with pytest.raises(MemoryGrew, match=r"\d+ resident bytes more") as caught:  # noqa: SIM117
        with AllocationGuard():
            kept.extend(b"x" * 2**20 for _ in range(64))
    assert caught.value.rss > 2**20
    assert caught.value.blocks < 256, "too large for pymalloc: the count cannot see them"


@pytest.mark.rule("MEM-20")
def test_only_what_is_asked_for_is_judged() -> None:
    kept: list[object] = []
    with AllocationGuard(blocks=None, rss=2**24) as guard:
        kept.extend(object() for _ in range(10_000))
    assert guard.report.flat
    with AllocationGuard(blocks=20_000, rss=None) as guard:
        kept.extend(object() for _ in range(10_000))
    assert guard.report.blocks_grown > 9_000


@pytest.mark.rule("MEM-20")
def test_a_check_in_the_middle_judges_like_the_end() -> None:
    kept: list[object] = []
    with AllocationGuard() as guard:
        assert guard.check().flat
        kept.extend(object() for _ in range(10_000))
        with pytest.raises(MemoryGrew):
            guard.check()
        guard.mark()


@pytest.mark.rule("MEM-21")
def test_what_was_kept_before_the_mark_is_the_warm_up() -> None:
    kept: list[object] = []
    with AllocationGuard() as guard:
        kept.extend(object() for _ in range(10_000))
        guard.mark()
    assert guard.report.flat


@pytest.mark.rule("MEM-21")
def test_garbage_in_cycles_is_no_growth() -> None:
    gc.disable()
    try:
        with AllocationGuard() as guard:
            for _ in range(10_000):
                cycle: list[Any] = []
                cycle.append(cycle)
            del cycle
    finally:
        gc.enable()
    assert guard.report.flat


@pytest.mark.rule("MEM-22")
def test_an_exception_inside_passes_through() -> None:
    kept: list[object] = []
    with pytest.raises(LookupError), AllocationGuard() as guard:
        kept.extend(object() for _ in range(10_000))
        raise LookupError
    assert guard.report.blocks_grown > 9_000


@pytest.mark.rule("MEM-23")
def test_an_interpreter_that_does_not_count_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "getallocatedblocks", lambda: 0)
    with pytest.raises(InvalidArgument, match="PYTHONMALLOC"), AllocationGuard():
        pass
    with AllocationGuard(blocks=None):
        pass


@pytest.mark.rule("MEM-23", "MEM-12")
@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: AllocationGuard(blocks=None, rss=None), InvalidArgument),
        (lambda: AllocationGuard(blocks=-1), InvalidArgument),
        (lambda: AllocationGuard(rss=1.5), WrongType),
        (lambda: AllocationGuard().measure(), InvalidArgument),
        (lambda: AllocationGuard().report, InvalidArgument),
    ],
)
def test_a_guard_with_nothing_to_judge_is_refused(
    make: Callable[[], Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        make()
