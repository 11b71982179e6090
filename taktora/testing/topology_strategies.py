"""Strategies for whole topologies, as values that build themselves into an executor."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from taktora.core.plan import chain
from taktora.core.triggers import MissedTick
from taktora.testing.random_topologies import Composed, Part, RandomTopology

__all__ = ["topologies"]

_PERIODS: Final = (0, 10, 15, 20, 40)
"""Milliseconds; some coincide, some do not."""


@st.composite
def topologies(
    draw: st.DrawFn,
    *,
    most_units: int = 4,
    most_nodes: int = 5,
    channels: int = 2,
    failing: bool = True,
) -> RandomTopology:
    """Topologies of items, chains and graphs with intervals, deadlines, channels and messages.

    They come to rest whenever nothing is sent to them from outside: what one unit sends wakes later
    ones only. With ``failing=False`` no item raises by itself.

    Example::

        @given(topologies())
        def test_it(topology):
            with simulate(topology) as sim:
                sim.advance(0.1)
    """
    from taktora.testing.strategies import dags  # which imports this module

    names = tuple(f"c{number}" for number in range(draw(st.integers(0, channels))))
    count = draw(st.integers(1, most_units))
    kinds = draw(st.lists(st.sampled_from("iicg"), min_size=count, max_size=count))
    waits = {(unit, name) for name in names for unit in range(count) if draw(st.booleans())}
    units: list[Part | Composed] = []
    for number, kind in enumerate(kinds):
        on = tuple(name for name in names if (number, name) in waits)
        free = tuple(
            name for name in names if all(unit > number for unit, other in waits if other == name)
        )
        later = tuple(f"u{other}" for other in range(number + 1, count))
        name = f"u{number}"
        if kind == "i":
            units.append(draw(_parts(name, on, free, later, failing=failing)))
            continue
        if kind == "c":
            plan = chain([f"{name}.{place}" for place in range(draw(st.integers(1, most_nodes)))])
        else:
            plan = draw(dags(most_nodes))
            plan = plan.named([f"{name}.{place}" for place in range(len(plan.ids))])
        parts = [
            draw(_parts(one, on if place == plan.root else (), free, later, failing=failing))
            for place, one in enumerate(plan.ids)
        ]
        units.append(Composed(name, plan, tuple(parts)))
    return RandomTopology(tuple(units), names)


@st.composite
def _parts(
    draw: st.DrawFn,
    name: str,
    on: tuple[str, ...],
    free: tuple[str, ...],
    later: tuple[str, ...],
    *,
    failing: bool,
) -> Part:
    some = st.integers(1, 4)
    every = draw(st.sampled_from(_PERIODS))
    return Part(
        id=name,
        every=every,
        missed=draw(st.sampled_from(MissedTick)) if every else MissedTick.SKIP,
        on=on,
        within=draw(st.sampled_from((0, 7, 20))) if on else 0,
        shares=bool(on) and draw(st.booleans()),
        one=bool(on) and draw(st.booleans()),
        sends=tuple(one for one in free if draw(st.booleans())),
        tells=tuple(one for one in later if draw(st.integers(0, 3)) == 3),
        greets=tuple(one for one in later if draw(st.integers(0, 5)) == 5),
        takes=draw(st.sampled_from((0, 0, 0, 1))),
        stops=draw(st.sampled_from((0, 0, 1, 3))),
        fails=draw(st.one_of(st.just(0), some)) if failing else 0,
        restarts=draw(st.booleans()) if failing else False,
        backoff=draw(st.sampled_from((0, 3))) if failing else 0,
        inline=draw(st.booleans()),
        capacity=draw(st.sampled_from((1024, 1024, 1, 2))),
    )
