"""Random histories of a pool and its partitions beside a model: a dictionary of what is out.

After every step each block's bytes are what its holder wrote, and every figure is what the model
says. The planted bugs at the end show that the machine sees them.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from taktora.errors import (
    BlockGiven,
    BlockTooLarge,
    ForeignBlock,
    InvalidArgument,
    PoolExhausted,
    PoolSealed,
)
from taktora.memory import Block, BlockPool, PoolStats
from taktora.memory import share as share_module
from taktora.memory.share import Share
from tests.planting import caught


@attrs.define(eq=False)
class Figures:
    """What the model expects of one share."""

    capacity: int
    takes: int = 0
    gives: int = 0
    peak: int = 0
    refusals: int = 0
    forgotten: int = 0
    lingering: int = 0

    @property
    def live(self) -> int:
        return self.takes - self.gives


@attrs.define(eq=False)
class Held:
    """A block, or what was made from one, and the bytes that must be seen through it."""

    share: str
    content: bytes
    block: Block | None
    view: memoryview | None = None


class PoolMachine(RuleBasedStateMachine):
    """Takes, writes, gives, forgets, looks on, divides, grows and seals."""

    SIZE: ClassVar[int] = 8
    held = Bundle("held")
    lingering = Bundle("lingering")
    given = Bundle("given")

    @initialize(blocks=st.integers(1, 4))
    def make(self, blocks: int) -> None:
        self.pool = BlockPool(block_size=self.SIZE, blocks=blocks, name="own")
        self.shares: dict[str, Share] = {"own": self.pool}
        self.model = {"own": Figures(blocks)}
        self.out: list[Held] = []
        self.peak = 0
        self.sealed = False
        self.marks = itertools.cycle(range(1, 256))

    def pick(self, number: int) -> str:
        return sorted(self.shares)[number % len(self.shares)]

    @rule(target=held, number=st.integers(0, 5), size=st.integers(0, SIZE + 1))
    def take(self, number: int, size: int) -> Any:
        name = self.pick(number)
        share, model = self.shares[name], self.model[name]
        if size > self.SIZE or model.live == model.capacity:
            with pytest.raises(BlockTooLarge if size > self.SIZE else PoolExhausted):
                share.take(size)
            model.refusals += 1
            return multiple()
        block = share.take(size)
        assert block.data.nbytes == size
        model.takes += 1
        model.peak = max(model.peak, model.live)
        self.peak = max(self.peak, sum(one.live for one in self.model.values()))
        held = Held(name, bytes(block.data), block)
        self.out.append(held)
        return held

    @rule(held=held)
    def write(self, held: Held) -> None:
        if held in self.out and held.block is not None:
            held.content = bytes([next(self.marks)]) * held.block.size
            held.block.data[:] = held.content

    def end(self, held: Held) -> None:
        self.out.remove(held)
        self.model[held.share].gives += 1

    @rule(target=given, held=consumes(held), through_pool=st.booleans())
    def give(self, held: Held, through_pool: bool) -> Block:
        block = held.block
        assert block is not None
        data = block.data
        (self.pool if through_pool else self.shares[held.share]).give(block)
        with pytest.raises(ValueError, match="released"):
            data[:0]
        self.end(held)
        return block

    @rule(given=given)
    def give_again(self, given: Block) -> None:
        with pytest.raises(BlockGiven):
            given.give()
        with pytest.raises(BlockGiven):
            _ = given.data

    @rule(held=held, number=st.integers(0, 5))
    def give_elsewhere(self, held: Held, number: int) -> None:
        name = self.pick(number)
        if name not in ("own", held.share):
            assert held.block is not None
            with pytest.raises(ForeignBlock):
                self.shares[name].give(held.block)

    @rule(target=lingering, held=consumes(held), forget=st.booleans())
    def look_on(self, held: Held, forget: bool) -> Held:
        """Give, or forget, a block while a slice of it is still looked through."""
        block, held.block = held.block, None
        assert block is not None
        held.view = block.data[: block.size]
        if forget:
            with pytest.warns(ResourceWarning, match="never given back"):
                del block
            self.model[held.share].forgotten += 1
        else:
            block.give()
        self.model[held.share].lingering += 1
        return held

    @rule(held=lingering)
    def write_late(self, held: Held) -> None:
        if held.view is not None:
            held.content = bytes([next(self.marks)]) * len(held.view)
            held.view[:] = held.content

    @rule(held=consumes(lingering))
    def look_away(self, held: Held) -> None:
        held.view = None
        self.model[held.share].lingering -= 1
        self.end(held)

    @rule(held=consumes(held))
    def forget(self, held: Held) -> None:
        with pytest.warns(ResourceWarning, match="never given back"):
            held.block = None
        self.model[held.share].forgotten += 1
        self.end(held)

    @rule(blocks=st.integers(1, 3))
    def divide(self, blocks: int) -> None:
        name = f"part-{len(self.shares)}"
        own = self.model["own"]
        if self.sealed or blocks > own.capacity - own.live:
            with pytest.raises(PoolSealed if self.sealed else InvalidArgument):
                self.pool.partition(name, blocks=blocks)
            return
        self.shares[name] = self.pool.partition(name, blocks=blocks)
        own.capacity -= blocks
        self.model[name] = Figures(blocks)

    @rule(blocks=st.integers(1, 3))
    def grow(self, blocks: int) -> None:
        if self.sealed:
            with pytest.raises(PoolSealed):
                self.pool.grow(blocks)
        else:
            self.pool.grow(blocks)
            self.model["own"].capacity += blocks

    @rule(really=st.sampled_from([True, False, False, False]))
    def seal(self, really: bool) -> None:
        if really:
            self.pool.seal()
            self.sealed = True

    @invariant()
    def every_holder_sees_what_it_wrote(self) -> None:
        for held in getattr(self, "out", ()):
            seen = held.view if held.block is None else held.block.data
            assert seen is not None
            assert bytes(seen) == held.content

    @invariant()
    def every_figure_is_exact(self) -> None:
        if not hasattr(self, "pool"):
            return
        whole = self.pool.stats()
        parts = {one.name: one for one in whole.partitions}
        assert parts == {n: s.stats() for n, s in self.shares.items() if n != "own"}
        for name, stats in parts.items():
            self.compare(stats, self.model[name])
        self.compare(whole, self.total())

    def total(self) -> Figures:
        every = [attrs.asdict(one) for one in self.model.values()]
        total = Figures(**{key: sum(one[key] for one in every) for key in every[0]})
        total.peak = self.peak
        return total

    @staticmethod
    def compare(stats: PoolStats, model: Figures) -> None:
        expected = attrs.asdict(model)
        assert {key: getattr(stats, key) for key in expected} == expected
        assert stats.live == model.live
        assert stats.block_size == PoolMachine.SIZE

    def teardown(self) -> None:
        for held in getattr(self, "out", ()):
            if held.block is not None:
                held.block.give()


TestPool = PoolMachine.TestCase
TestPool.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestPool.pytestmark = [
    pytest.mark.rule("MEM-01", "MEM-02", "MEM-03", "MEM-04"),
    pytest.mark.rule("MEM-05", "MEM-06", "MEM-07", "MEM-08", "MEM-09"),
]


# --- planted bugs ---------------------------------------------------------------------------------


class Reused(Block):
    """Handles are used again: a second give takes the block from its new holder."""

    __slots__ = ()
    kept: ClassVar[list[Block]] = []

    def __new__(cls, *_: Any) -> Any:
        spare = next((block for block in cls.kept if block.given), None)
        if spare is None:
            spare = super().__new__(cls)
            cls.kept.append(spare)
        return spare


def lends_while_looked_at(memory: bytearray) -> bool:
    return True


def takes_without_limit(self: Share) -> Any:
    self._free.append(bytearray(self.block_size))
    self._capacity += 1
    return PoolExhausted(0, 0)


def gives_to_the_pool(self: Share, memory: bytearray) -> None:
    self._free.insert(0, bytearray(self.block_size))
    self._tally.live -= 1
    self._takes -= 1


def never_sweeps(self: Share) -> None:
    return None


def shares_one_memory(blocks: int, block_size: int) -> list[bytearray]:
    return [bytearray(block_size)] * blocks


def lends_whatever_is_given(self: Share, block: Block) -> bool:
    return True


MUTANTS: list[tuple[object, str, object]] = [
    (share_module, "Block", Reused),
    (share_module, "is_unseen", lends_while_looked_at),
    (Share, "_exhausted", takes_without_limit),
    (Share, "_return", gives_to_the_pool),
    (Share, "_sweep", never_sweeps),
    (Share, "_lent", lends_whatever_is_given),
]


@pytest.mark.parametrize(
    ("place", "name", "mutant"), MUTANTS, ids=lambda v: getattr(v, "__name__", "")
)
def test_the_machine_catches_a_planted_bug(
    place: object, name: str, mutant: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, name, mutant)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        error, _ = caught(PoolMachine, Exception)  # any law may be the one
    print(f"{mutant!r} | {type(error).__name__}")
