"""Blocks: what they are, what is refused, and where they go."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from taktora import memory
from taktora.errors import (
    BlockGiven,
    BlockTooLarge,
    ForeignBlock,
    InvalidArgument,
    PoolError,
    PoolExhausted,
    PoolSealed,
    WrongType,
)
from taktora.memory import AllocationGuard, BlockPool


def pool(block_size: int = 16, blocks: int = 3, **options: Any) -> BlockPool:
    return BlockPool(block_size=block_size, blocks=blocks, **options)


@pytest.mark.rule("MEM-01")
@pytest.mark.parametrize("size", [0, 1, 15, 16])
def test_data_is_writable_and_has_exactly_the_size_asked_for(size: int) -> None:
    with pool().take(size) as block:
        assert type(block.data) is memoryview
        assert block.data.nbytes == len(block) == block.size == size
        block.data[:] = bytes(range(size))
        assert block.data == bytes(range(size))
        with pytest.raises(ValueError, match="different structures"):
            block.data[:] = bytes(size + 1)


RESIDENT = """
from taktora.memory import AllocationGuard, BlockPool

growth = AllocationGuard()
growth.mark()
pool = BlockPool(block_size=2**20, blocks=32)
print(growth.measure().rss_grown)
with AllocationGuard():
    blocks = [pool.take(2**20) for _ in range(32)]
    for block in blocks:
        block.data[:] = bytes(2**20)
        block.give()
"""


@pytest.mark.rule("MEM-01")
def test_the_memory_is_resident_from_the_start() -> None:
    """In a process of its own: here the allocator may have 32 MiB left from an earlier test."""
    done = subprocess.run([sys.executable, "-c", RESIDENT], capture_output=True, check=True)
    assert int(done.stdout) > 31 * 2**20


@pytest.mark.rule("MEM-01")
def test_a_block_holds_what_its_last_user_left() -> None:
    made = pool(blocks=1)
    with made.take(4) as block:
        block.data[:] = b"left"
    with made.take(4) as block:
        assert block.data == b"left"


@pytest.mark.rule("MEM-02", "MEM-04")
def test_more_than_a_block_holds_is_refused_and_counted() -> None:
    made = pool(name="frames")
    with pytest.raises(BlockTooLarge, match=r"17 bytes .*pool 'frames'.* 16") as caught:
        made.take(17)
    assert (caught.value.size, caught.value.maximum) == (17, 16)
    stats = made.stats()
    assert (stats.refusals, stats.takes, stats.live, stats.peak) == (1, 0, 0, 0)


@pytest.mark.rule("MEM-02", "MEM-04")
def test_a_take_too_many_is_refused_and_counted_until_a_block_is_back() -> None:
    made = pool(name="frames")
    blocks = [made.take(1) for _ in range(3)]
    with pytest.raises(PoolExhausted, match="3 of the 3 blocks of pool 'frames'") as caught:
        made.take(1)
    assert (caught.value.live, caught.value.capacity) == (3, 3)
    blocks.pop().give()
    blocks.append(made.take(1))
    for block in blocks:
        block.give()
    stats = made.stats()
    assert (stats.takes, stats.gives, stats.live) == (4, 4, 0)
    assert (stats.peak, stats.capacity, stats.refusals, stats.available) == (3, 3, 1, 3)


@pytest.mark.rule("MEM-05")
def test_giving_twice_is_an_error_also_when_the_memory_is_somebody_elses_by_then() -> None:
    made = pool(blocks=1)
    first = made.take(4)
    made.give(first)
    for again in (first.give, lambda: made.give(first), first.__enter__):
        with pytest.raises(BlockGiven, match="given back already"):
            again()
    with made.take(4) as second:
        with pytest.raises(BlockGiven):
            first.give()
        assert made.stats().live == 1
        second.data[:] = b"mine"
    assert made.stats().gives == 2


@pytest.mark.rule("MEM-05")
def test_with_gives_the_block_unless_that_was_done_inside() -> None:
    made = pool()
    with made.take(1) as block:
        assert not block.given
    assert block.given
    with made.take(1) as block:
        block.give()
    with pytest.raises(LookupError), made.take(1):
        raise LookupError
    assert made.stats().live == 0


@pytest.mark.rule("MEM-05")
def test_a_block_is_refused_by_who_did_not_lend_it() -> None:
    made, other = pool(name="made"), pool(name="other")
    left, right = made.partition("left", blocks=1), made.partition("right", blocks=1)
    with made.take(1) as own, left.take(1) as lefts, other.take(1) as others:
        for lender, block in [
            (made, others), (other, own), (left, own), (right, lefts), (other, lefts),
        ]:  # fmt: skip
            with pytest.raises(ForeignBlock, match="call its own give"):
                lender.give(block)
        assert (made.stats().live, other.stats().live) == (2, 1)
        with pytest.raises(WrongType, match="takes a Block back, not b'x'"):
            made.give(b"x")  # type: ignore[arg-type]


@pytest.mark.rule("MEM-05", "MEM-08")
def test_a_pool_takes_back_what_its_partition_lent_and_the_partition_gets_it() -> None:
    made = pool()
    left = made.partition("left", blocks=1)
    made.give(left.take(1))
    assert left.stats().available == 1
    left.take(1).give()


@pytest.mark.rule("MEM-06")
def test_the_view_of_a_given_block_is_released() -> None:
    block = pool().take(4)
    data = block.data
    block.give()
    with pytest.raises(ValueError, match="released"):
        data[0] = 1
    with pytest.raises(BlockGiven):
        _ = block.data


@pytest.mark.rule("MEM-06")
@pytest.mark.parametrize(
    "look",
    [
        lambda data: data[1:3],
        lambda data: data.cast("H"),
        memoryview,
        lambda data: np.frombuffer(data, np.uint8),
    ],
    ids=["slice", "cast", "memoryview", "array"],
)
def test_memory_that_is_still_looked_at_is_lent_to_nobody(look: Callable[[Any], Any]) -> None:
    made = pool(blocks=1)
    block = made.take(4)
    block.data[:] = b"abcd"
    seen = look(block.data)
    before = bytes(seen)
    block.give()
    stats = made.stats()
    assert (stats.live, stats.lingering, stats.gives) == (1, 1, 0)
    with pytest.raises(PoolExhausted, match="only by slices or arrays"):
        made.take(1)
    assert bytes(seen) == before
    del seen
    with made.take(4) as block:
        block.data[:] = b"efgh"
    stats = made.stats()
    assert (stats.live, stats.lingering, stats.gives, stats.takes) == (0, 0, 2, 2)


@pytest.mark.rule("MEM-07")
def test_a_forgotten_block_comes_back_with_a_warning() -> None:
    made = pool(blocks=1, name="frames")
    for _ in range(2):
        with pytest.warns(ResourceWarning, match="pool 'frames' was never given back"):
            made.take(4)
    stats = made.stats()
    assert (stats.forgotten, stats.live, stats.takes, stats.gives) == (2, 0, 2, 2)


@pytest.mark.rule("MEM-06", "MEM-07")
def test_the_data_of_a_forgotten_block_keeps_the_memory() -> None:
    made = pool(blocks=1)
    with pytest.warns(ResourceWarning):
        data = made.take(4).data
    data[:] = b"mine"
    stats = made.stats()
    assert (stats.live, stats.lingering, stats.forgotten) == (1, 1, 1)
    with pytest.raises(PoolExhausted):
        made.take(4)
    assert data == b"mine"
    del data
    assert made.stats().live == 0


@pytest.mark.rule("MEM-08", "MEM-04")
def test_a_partition_neither_starves_others_nor_is_starved() -> None:
    made = pool(blocks=6, name="frames")
    left, right = made.partition("left", blocks=2), made.partition("right", blocks=1)
    taken = []
    for share, size in ((left, 2), (made, 3), (right, 1)):
        taken += [share.take(1) for _ in range(size)]
        with pytest.raises(PoolExhausted, match=str(size)) as caught:
            share.take(1)
        assert caught.value.capacity == size
    with pytest.raises(PoolExhausted, match="partition 'left' of pool 'frames'"):
        left.take(1)
    stats = made.stats()
    assert (stats.capacity, stats.live, stats.peak, stats.takes, stats.refusals) == (6, 6, 6, 6, 4)
    assert [(one.name, one.capacity, one.live, one.refusals) for one in stats.partitions] == [
        ("left", 2, 2, 2),
        ("right", 1, 1, 1),
    ]
    assert stats.partitions[0] == left.stats()
    for block in taken:
        block.give()


@pytest.mark.rule("MEM-08", "MEM-12")
def test_a_partition_of_more_than_is_free_is_refused() -> None:
    made = pool()
    with made.take(1), pytest.raises(InvalidArgument, match=r"wants 3 blocks, .* has 2"):
        made.partition("left", blocks=3)
    with pytest.raises(InvalidArgument, match="wants 4 blocks"):
        made.partition("left", blocks=4)
    assert made.partition("left", blocks=3).stats().available == 3
    with pytest.raises(PoolExhausted, match="0 of the 0"):
        made.take(1)
    with pytest.raises(InvalidArgument, match="a partition 'left' already"):
        made.partition("left", blocks=1)


@pytest.mark.rule("MEM-09")
def test_a_pool_grows_until_it_is_sealed() -> None:
    made = pool(blocks=1)
    made.grow(2)
    blocks = [made.take(16) for _ in range(3)]
    for block in blocks:
        block.give()
    assert not made.sealed
    made.seal()
    made.seal()
    assert made.sealed
    for change in (lambda: made.grow(1), lambda: made.partition("late", blocks=1)):
        with pytest.raises(PoolSealed, match="before seal"):
            change()
    assert made.stats().capacity == 3
    made.take(1).give()


@pytest.mark.rule("MEM-11")
def test_a_hundred_thousand_takes_and_gives_stay_flat() -> None:
    made = pool(256, 8)
    left = made.partition("left", blocks=2)
    made.seal()

    def work(rounds: int) -> None:
        for _ in range(rounds):
            with made.take(200) as block, left.take(256) as other:
                block.data[0] = other.data[0] = 1

    with AllocationGuard(blocks=16, rss=2**18) as guard:
        work(1_000)
        guard.mark()
        work(100_000)
    assert guard.report.flat


@pytest.mark.rule("MEM-11")
def test_looking_after_the_last_look_allocates_no_new_memory() -> None:
    """The probe for remaining views shortens the memory by a byte: it must not move."""
    made = pool(2**20, 1)
    made.take(1).give()
    tracemalloc.start()
    try:
        for _ in range(10):
            made.take(1).give()
        assert tracemalloc.get_traced_memory()[1] < 2**16
    finally:
        tracemalloc.stop()


@pytest.mark.rule("MEM-12")
@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: pool(block_size=0), InvalidArgument),
        (lambda: pool(blocks=-1), InvalidArgument),
        (lambda: pool(block_size=1.5), WrongType),
        (lambda: pool(blocks=True), WrongType),
        (lambda: pool(block_size=2**40, blocks=2**20), InvalidArgument),
        (lambda: pool(name=""), InvalidArgument),
        (lambda: pool(name=3), WrongType),
        (lambda: pool().take(-1), InvalidArgument),
        (lambda: pool().take("1"), WrongType),
        (lambda: pool().take(True), WrongType),
        (lambda: pool().grow(0), InvalidArgument),
        (lambda: pool().grow(2**60), InvalidArgument),
        (lambda: pool().partition("", blocks=1), InvalidArgument),
        (lambda: pool().partition(None, blocks=1), WrongType),
        (lambda: pool().partition("left", blocks=0), InvalidArgument),
    ],
)
def test_a_bad_argument_is_refused(make: Callable[[], Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        make()


@pytest.mark.rule("MEM-12")
def test_growing_beyond_memory_changes_nothing() -> None:
    made = pool()
    with pytest.raises(InvalidArgument, match="more than this machine"):
        made.grow(2**60)
    assert made.stats() == pool().stats()


def test_everything_says_what_it_is() -> None:
    made = pool(name="frames")
    left = made.partition("left", blocks=1)
    with left.take(4) as block:
        assert repr(block) == "<Block of 4 bytes of partition 'left' of pool 'frames'>"
    assert "given back" in repr(block)
    assert repr(left) == "<Partition 'left' of pool 'frames', 1 blocks>"
    made.seal()
    assert repr(made) == "<BlockPool 'frames', 0 of 3 blocks of 16 bytes taken, sealed>"
    assert issubclass(BlockTooLarge, PoolError)
    assert memory.__all__ == sorted(memory.__all__)
