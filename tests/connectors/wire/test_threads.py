"""Any thread may send, and any may take."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from taktora.connectors import PayloadOverflow

from .conftest import Wire
from .values import AsIs, InPlace

THREADS = 8
EACH = 500


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads change as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def together(work: Callable[[int], None], count: int = THREADS) -> None:
    failures: list[BaseException] = []
    begin = threading.Barrier(count)

    def run(which: int) -> None:
        begin.wait()
        try:
            work(which)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


@pytest.mark.rule("PORT-16")
@pytest.mark.parametrize("codec", [AsIs(), InPlace()])
def test_numbers_of_a_writer_that_many_threads_use_are_unique_and_in_order(
    make_wire: Callable[..., Wire], hasty: None, codec: Any
) -> None:
    wire = make_wire(buffer_size=THREADS * EACH)
    wire.codec = codec
    writer, reader = wire.writer(), wire.reader()

    def send(which: int) -> None:
        for n in range(EACH):
            writer.send(f"{which} {n}".encode(), correlation_id=bytes([which + 1]))
            if n % 10 == 0:
                with pytest.raises(PayloadOverflow):
                    writer.send(bytes(300))

    together(send)
    received = list(reader)
    assert [one.sequence for one in received] == list(range(THREADS * EACH))
    by_thread: dict[int, list[int]] = {}
    for one in received:
        which, n = map(int, one.value.split())
        assert one.correlation_id == bytes([which + 1]).ljust(32, b"\0")
        by_thread.setdefault(which, []).append(n)
    assert by_thread == {which: list(range(EACH)) for which in range(THREADS)}
    assert writer.stats().messages == THREADS * EACH
    assert (reader.stats().gaps, reader.stats().crc_errors) == (0, 0)


@pytest.mark.rule("PORT-16")
def test_each_value_goes_to_one_of_the_threads_that_take(
    make_wire: Callable[..., Wire], hasty: None
) -> None:
    wire = make_wire(buffer_size=THREADS * EACH)
    wire.codec = AsIs()
    writer, reader = wire.writer(), wire.reader()
    for n in range(THREADS * EACH):
        writer.send(str(n).encode())
    taken: list[list[int]] = [[] for _ in range(THREADS)]

    def take(which: int) -> None:
        for one in reader:
            assert int(one.value) == one.sequence
            taken[which].append(one.sequence)

    together(take)
    assert all(numbers == sorted(numbers) for numbers in taken)
    assert sorted(number for numbers in taken for number in numbers) == list(range(THREADS * EACH))
    stats = reader.stats()
    assert (stats.gaps, stats.messages, stats.latency and stats.latency.count) == (
        0, THREADS * EACH, THREADS * EACH,
    )  # fmt: skip
