"""Ten thousand malformed frames: none does harm, and the next good one is answered."""

from __future__ import annotations

import random

import pytest

from taktora.segment.frames import Command, Datagram, build_frame

from .bench import Bench, Probe

_FRAMES = 10_000


def good_frame(chance: random.Random) -> bytes:
    """One to four datagrams of any command, to anywhere, mostly where something is."""
    registers = [0x0000, 0x0010, 0x0120, 0x0130, 0x0400, 0x0500, 0x0502, 0x0600, 0x0800, 0x0900]
    every = []
    for _ in range(chance.randint(1, 4)):
        command = chance.choice([*Command])
        data = chance.randbytes(chance.choice([0, 1, 2, 4, 8, 16, 64, 128]))
        register = chance.choice([*registers, 0x0910, 0x1000, 0x1080, chance.randrange(0x10000)])
        station = chance.choice([0, 1, 0xFFFF, 0x1001, chance.randrange(0x10000)])
        every.append(Datagram.physical(command, station, register, data))
    return build_frame(every)


def malformed_frame(chance: random.Random) -> bytes:
    """Random bytes, or a good frame that was cut off, had bytes changed, or was put together wrongly."""
    kind = chance.randrange(5)
    if kind == 0:
        return chance.randbytes(chance.randrange(200))
    frame = bytearray(good_frame(chance))
    if kind == 1:
        return bytes(frame[: chance.randrange(len(frame))])
    if kind == 2:
        for _ in range(chance.randint(1, 8)):
            frame[chance.randrange(len(frame))] = chance.randrange(256)
    elif kind == 3:
        at = chance.randrange(len(frame))
        frame[at:at] = chance.randbytes(chance.randrange(20))
    else:  # lengths and flags of the first datagram
        frame[22:24] = chance.randbytes(2)
    return bytes(frame)


@pytest.mark.rule("ESC-04")
def test_ten_thousand_malformed_frames_do_no_harm() -> None:
    bench = Bench([Probe(), Probe(4, 4), Probe(32, 0, mailbox=True)])
    chance = random.Random(88)
    probe = Datagram.physical(Command.BRD, 0, 0x0004, bytes(1))
    answered = 0
    for _ in range(_FRAMES):
        bench.now += 20_000
        frame = malformed_frame(chance)
        answer = bench.segment.handle(frame, bench.now)
        if answer is not None:
            answered += 1
            assert len(answer) == len(frame)
        (good,) = bench.send(probe)
        assert good.working_counter == 3
        assert good.data == b"\x08"
    assert answered > _FRAMES // 2
    assert bench.segment.statistics.malformed > _FRAMES // 20
    assert bench.segment.statistics.foreign > _FRAMES // 20


@pytest.mark.rule("ESC-04")
def test_after_malformed_frames_and_a_power_cycle_everything_works() -> None:
    bench = Bench([Probe(), Probe(mailbox=True)])
    chance = random.Random(4)
    for _ in range(500):
        bench.segment.handle(malformed_frame(chance), bench.now)
    for position in (1, 2):
        bench.segment.power_cycle(position, bench.now)
    size = bench.to_op()
    assert bench.logical(Command.LRW, 0, bytes(size)).working_counter == 6


@pytest.mark.rule("ESC-04")
def test_the_mutations_reach_what_does_something() -> None:
    """The corpus is worth something only if it sets registers, states and mappings too."""
    bench = Bench([Probe(), Probe()])
    chance = random.Random(88)
    before = bytes(bench.segment.controller(1).memory)
    for _ in range(2000):
        bench.segment.handle(malformed_frame(chance), bench.now)
    memory = bench.segment.controller(1).memory
    areas = [(0x0010, 2), (0x0120, 1), (0x0400, 2), (0x0504, 4), (0x0600, 16), (0x0800, 8)]
    for at, length in [*areas, (0x0900, 4), (0x1000, 8)]:
        assert memory[at : at + length] != before[at : at + length], hex(at)
