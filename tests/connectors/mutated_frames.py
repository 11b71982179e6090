"""Ten thousand frames that something happened to; the same ones at every run."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from taktora.connectors.envelope import HEADER_SIZE, seal

COUNT = 10_000


class Mutated(NamedTuple):
    """A frame, what it was, and what was done to it."""

    frame: bytes
    original: bytes
    how: str

    @property
    def meaning_changed(self) -> bool:
        """Whether header or payload are not what was sealed."""
        return self.frame[: len(self.original)] != self.original


def sealed(payload: bytes, **facts: int | bytes) -> bytes:
    """A whole frame; sequence and time are 0 unless given."""
    frame = bytearray(HEADER_SIZE) + payload
    seal(memoryview(frame), len(payload), **{"sequence": 0, "timestamp_ns": 0, **facts})  # type: ignore[arg-type]
    return bytes(frame)


def _flip(chance: random.Random, frame: bytes) -> bytes:
    damaged = bytearray(frame)
    for bit in chance.sample(range(len(frame) * 8), chance.choice((1, 1, 2, 3, 8, 32))):
        damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def _truncate(chance: random.Random, frame: bytes) -> bytes:
    return frame[: chance.randrange(len(frame))]


def _extend(chance: random.Random, frame: bytes) -> bytes:
    return frame + chance.randbytes(chance.randint(1, 100))


def _random(chance: random.Random, _frame: bytes) -> bytes:
    return chance.randbytes(chance.randint(0, 200))


def _burst(chance: random.Random, frame: bytes) -> bytes:
    at = chance.randrange(len(frame))
    new = chance.randbytes(chance.randint(1, 16))
    return (frame[:at] + new + frame[at + len(new) :])[: len(frame)]


def _wrong_length(chance: random.Random, frame: bytes) -> bytes:
    length = chance.choice((chance.randrange(300), chance.randrange(2**32), 2**32 - 1, 0))
    return frame[:48] + length.to_bytes(4, "little") + frame[52:]


def _zeros(chance: random.Random, frame: bytes) -> bytes:
    at = chance.randrange(len(frame))
    return frame[:at] + bytes(len(frame) - at)


def _swapped(chance: random.Random, frame: bytes) -> bytes:
    one, other = sorted(chance.sample(range(len(frame)), 2))
    damaged = bytearray(frame)
    damaged[one], damaged[other] = damaged[other], damaged[one]
    return bytes(damaged)


def _spliced(chance: random.Random, frame: bytes) -> bytes:
    other = sealed(chance.randbytes(len(frame) - HEADER_SIZE), sequence=chance.randrange(2**64))
    return chance.choice((frame[:HEADER_SIZE] + other[HEADER_SIZE:], frame[:8] + other[8:]))


WAYS: dict[str, Callable[[random.Random, bytes], bytes]] = {
    "bits flipped": _flip,
    "truncated": _truncate,
    "extended": _extend,
    "random": _random,
    "burst": _burst,
    "wrong length": _wrong_length,
    "zeros from somewhere": _zeros,
    "two bytes swapped": _swapped,
    "two frames spliced": _spliced,
}


def mutated_frames(count: int = COUNT, *, seed: int = 64) -> Iterator[Mutated]:
    """``count`` of them, each way in turn."""
    chance = random.Random(seed)
    ways = list(WAYS.items())
    for number in range(count):
        how, mutate = ways[number % len(ways)]
        original = sealed(
            chance.randbytes(chance.choice((0, 1, 7, 64, 150))),
            sequence=chance.choice((0, number, 2**64 - 1)),
            timestamp_ns=chance.randrange(2**63),
            correlation_id=chance.choice((b"", chance.randbytes(32), b"short")),
            reserved=chance.choice((0, 0, 2**32 - 1)),
        )
        yield Mutated(mutate(chance, original), original, how)
