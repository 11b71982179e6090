"""What arrived is explained exactly when it can have come of what was sent."""

from __future__ import annotations

import itertools

from hypothesis import example, given
from hypothesis import strategies as st

from taktora.testing.arrivals import Explanation, Sent

VALUES = st.integers(0, 2)
LANES = st.lists(st.lists(st.tuples(VALUES, st.booleans()), max_size=4), min_size=1, max_size=2)


def orders(lanes: list[list[tuple[int, bool]]]) -> dict[tuple[int, ...], int]:
    """Everything that can arrive, with how many values that must are missing at least. Brute force."""
    least: dict[tuple[int, ...], int] = {}
    numbered = [[(which, at) for at in range(len(lane))] for which, lane in enumerate(lanes)]
    everything = [entry for lane in numbered for entry in lane]
    for size in range(len(everything) + 1):
        for chosen in itertools.permutations(everything, size):
            if any(
                sorted(mine) != mine
                for which in range(len(lanes))
                if (mine := [at for lane, at in chosen if lane == which]) is not None
            ):
                continue
            arrived = tuple(lanes[which][at][0] for which, at in chosen)
            missing = sum(
                lanes[which][at][1] for which, at in everything if (which, at) not in chosen
            )
            least[arrived] = min(least.get(arrived, missing), missing)
    return least


@given(LANES.filter(lambda lanes: sum(map(len, lanes)) <= 5), st.lists(VALUES, max_size=5))
@example([[(0, False), (0, True)]], [0])
def test_as_brute_force_does(lanes: list[list[tuple[int, bool]]], arrived: list[int]) -> None:
    explanation = Explanation()
    for lane in lanes:
        mine = explanation.new_lane()
        mine += [Sent(value, must_arrive=must) for value, must in lane]
    taken = [value for value in arrived if explanation.take(value)]
    possible = orders(lanes)
    assert explanation.missing == possible[tuple(taken)]
    assert explanation.arrived == len(taken)
    if len(taken) < len(arrived):
        refused = next(i for i, value in enumerate(arrived) if taken[i : i + 1] != [value])
        assert tuple(arrived[: refused + 1]) not in possible


@given(st.lists(VALUES, max_size=6), st.data())
def test_what_is_excused_is_not_missing(values: list[int], data: st.DataObject) -> None:
    explanation = Explanation()
    explanation.new_lane().extend(map(Sent, values))
    explanation.excuse()
    assert explanation.missing == 0


@given(st.lists(VALUES, min_size=1, max_size=6), st.data())
def test_of_a_process_image_the_latest_has_to_arrive(
    values: list[int], data: st.DataObject
) -> None:
    explanation = Explanation(latest_only=True)
    explanation.new_lane().extend(map(Sent, values))
    assert explanation.missing == 1
    places = sorted(data.draw(st.sets(st.integers(0, len(values) - 1))))
    for at in (*places, len(values) - 1):
        for _ in range(data.draw(st.integers(1, 2))):
            assert explanation.take(values[at])
    assert explanation.missing == 0


def test_a_type_is_part_of_a_value() -> None:
    explanation = Explanation()
    explanation.new_lane().append(Sent(1))
    assert not explanation.take(True)
    assert not explanation.was_sent(1.0)
    assert explanation.take(1)
