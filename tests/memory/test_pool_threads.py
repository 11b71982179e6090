"""Many threads, one pool: nothing is lent twice, nothing is lost."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import SupportsIndex

import pytest

from taktora.errors import BlockGiven, PoolExhausted
from taktora.memory import Block, BlockPool
from taktora.memory.share import Share

ROUNDS = 3_000


def together(*works: Callable[[], None]) -> None:
    """Each on a thread of its own, all at once; the first error comes out."""
    errors: list[BaseException] = []
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], None]) -> None:
        barrier.wait(10)
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    if errors:
        raise errors[0]


class Leisurely(list[bytearray]):
    """Looks first and pops later: the GIL alone must not be what keeps threads apart."""

    def pop(self, index: SupportsIndex = -1) -> bytearray:
        found = self[index]
        time.sleep(0)
        super().pop(index)
        return found


@pytest.fixture
def _switching() -> Iterator[None]:
    """The interpreter changes threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_switching")
@pytest.mark.rule("MEM-10", "MEM-03", "MEM-04")
def test_threads_never_get_the_same_memory_and_every_block_is_counted() -> None:
    pool = BlockPool(block_size=8, blocks=3)
    part = pool.partition("part", blocks=1)
    pool._free, part._free = Leisurely(pool._free), Leisurely(part._free)
    taken, refused = [0] * 6, [0] * 6

    def work(number: int, share: Share) -> Callable[[], None]:
        def run() -> None:
            mark = bytes([number + 1]) * 8
            for _ in range(ROUNDS):
                try:
                    block = share.take(8)
                except PoolExhausted:
                    refused[number] += 1
                    continue
                taken[number] += 1
                block.data[:] = mark
                assert block.data == mark
                block.give()

        return run

    together(*(work(n, pool if n < 4 else part) for n in range(6)))
    stats = pool.stats()
    assert (stats.takes, stats.gives) == (sum(taken), sum(taken))
    assert (stats.refusals, stats.live) == (sum(refused), 0)
    assert 1 <= stats.peak <= 3
    assert stats.takes + stats.refusals == 6 * ROUNDS
    assert part.stats().takes == sum(taken[4:])


@pytest.mark.usefixtures("_switching")
@pytest.mark.rule("MEM-10", "MEM-05")
def test_a_block_given_by_two_threads_is_given_once() -> None:
    pool = BlockPool(block_size=8, blocks=1)
    given: list[bool] = []
    box: list[Block] = []
    turn = threading.Barrier(2, action=lambda: box.append(pool.take(8)))
    turned = threading.Barrier(2)

    def work() -> None:
        for round_ in range(2_000):
            turn.wait(10)
            try:
                box[round_].give()
                given.append(True)
            except BlockGiven:
                given.append(False)
            turned.wait(10)

    together(work, work)
    assert (given.count(True), given.count(False)) == (2_000, 2_000)
    assert pool.stats().gives == 2_000


@pytest.mark.rule("MEM-10")
def test_a_finalizer_that_gives_in_the_middle_of_a_take_does_not_freeze() -> None:
    """The garbage collector may run it on the thread that holds the pool's lock."""
    pool = BlockPool(block_size=8, blocks=1)
    block = pool.take(8)
    free = pool._free

    class Finalizing(list[bytearray]):
        def __bool__(self) -> bool:
            if not block.given:
                block.give()
            return len(self) > 0

    pool._free = Finalizing(free)

    def work() -> None:
        pool.take(8).give()

    together(work)
    assert pool.stats().takes == 2
