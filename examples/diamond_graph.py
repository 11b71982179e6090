"""A diamond: two vertices work on one picture at the same time, and a third one joins what they found.

    grab >> [edges, colours] >> decide

Look at the two times in each line: with two workers the middle of the diamond takes as long as the
slower of the two, not as long as both. What one vertex emits is what the next one finds as its input.
"""

from __future__ import annotations

import itertools
from time import monotonic_ns, sleep

from attrs import frozen

from taktora import Context, Executor, every, item

RUNS = 5
frames = itertools.count(1)


@frozen
class Found:
    what: str
    began: int
    ended: int


def look(what: str, seconds: float, ctx: Context) -> None:
    began = monotonic_ns()
    sleep(seconds)  # work that lets go of the interpreter, as numpy and I/O do
    ctx.emit(Found(f"{what} of frame {ctx.input}", began, monotonic_ns()))


@every(0.1, id="grab")  # only the root's triggers count: it starts the others
def grab(ctx: Context) -> None:
    ctx.emit(next(frames))


def decide(ctx: Context) -> None:
    edges, colours = ctx.input  # in the order of the edges
    both = (min(edges.ended, colours.ended) - max(edges.began, colours.began)) / 1e6
    took = (max(edges.ended, colours.ended) - min(edges.began, colours.began)) / 1e6
    print(f"{edges.what} + {colours.what}: {took:.0f} ms, together for {max(0.0, both):.0f} ms")


def build(executor: Executor) -> None:
    edges = item(lambda ctx: look("edges", 0.03, ctx), id="edges")
    colours = item(lambda ctx: look("colours", 0.02, ctx), id="colours")
    executor.add(grab >> [edges, colours] >> item(decide, id="decide"), id="diamond")


if __name__ == "__main__":
    with Executor(worker_threads=2, name="diamond") as executor:
        build(executor)
        executor.run_until(lambda: executor.stats()["diamond"].count >= RUNS)
