"""The steps of the layout, each on its own."""

from __future__ import annotations

import graphlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.picture.columns import back_links, columns
from taktora.picture.crossings import crossings, untangle
from taktora.picture.heights import settle
from taktora.picture.measure import cut, visible, width
from taktora.picture.slots import Box, Link, grid_of

COUNT = 9
pairs = st.lists(
    st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)).filter(lambda p: p[0] != p[1]),
    unique=True,
    max_size=20,
)


def is_acyclic(links: list[tuple[int, int]]) -> bool:
    sorter: graphlib.TopologicalSorter[int] = graphlib.TopologicalSorter()
    for source, target in links:
        sorter.add(target, source)
    try:
        sorter.prepare()
    except graphlib.CycleError:
        return False
    return True


@pytest.mark.rule("TOPO-24")
@given(pairs)
def test_links_lead_to_the_right_except_those_that_would_close_a_cycle(
    links: list[tuple[int, int]],
) -> None:
    back = back_links(COUNT, links)
    forward = [link for link in links if link not in back]
    assert is_acyclic(forward)
    for link in back:
        assert not is_acyclic([*forward, link])
    column = columns(COUNT, forward)
    assert all(column[source] < column[target] for source, target in forward)
    assert min(column) == 0
    led_to = {target for _, target in forward}
    for box in led_to:  # no further to the right than it must be
        assert any(column[source] == column[box] - 1 for source, target in forward if target == box)


@given(pairs)
def test_untangling_never_makes_more_crossings_and_keeps_every_slot(
    links: list[tuple[int, int]],
) -> None:
    boxes = [Box(10, 10, 10)] * COUNT
    grid = grid_of(boxes, [Link(i, *link) for i, link in enumerate(links)])
    before = crossings(grid)
    slots = [{slot.number for slot in column} for column in grid.columns]
    untangle(grid)
    assert crossings(grid) <= before
    assert [{slot.number for slot in column} for column in grid.columns] == slots
    for column in grid.columns:
        assert [slot.place for slot in column] == list(range(len(column)))


def test_two_crossed_lines_are_untangled() -> None:
    grid = grid_of([Box(10, 10, 10)] * 4, [Link(0, 0, 3), Link(1, 1, 2)])
    assert crossings(grid) == 1
    untangle(grid)
    assert crossings(grid) == 0


small = st.floats(-50, 50)
size = st.floats(0, 20)


@given(st.lists(st.tuples(small, st.floats(0.1, 9), size, size), min_size=1, max_size=8), st.data())
def test_settling_keeps_order_and_distance_and_no_other_place_is_nearer_to_the_wishes(
    rows: list[tuple[float, float, float, float]], data: st.DataObject
) -> None:
    wishes = [(wish, weight) for wish, weight, _, _ in rows]
    heights, gaps = [row[2] for row in rows], [row[3] for row in rows]
    tops = settle(wishes, heights, gaps)

    def is_allowed(at: list[float], slack: float = 0.0) -> bool:
        return all(at[i] >= at[i - 1] + heights[i - 1] + gaps[i] - slack for i in range(1, len(at)))

    def cost(at: list[float]) -> float:
        return sum(w * (a - wish) ** 2 for a, (wish, w) in zip(at, wishes, strict=True))

    assert is_allowed(tops, slack=1e-6)
    moves = data.draw(st.lists(small, min_size=len(rows), max_size=len(rows)))
    other = [top + move / 10 for top, move in zip(tops, moves, strict=True)]
    if is_allowed(other):
        assert cost(tops) <= cost(other) + 1e-6
    below = 0.0
    steps = []
    for i, step in enumerate(data.draw(st.lists(size, min_size=len(rows), max_size=len(rows)))):
        below += step + (gaps[i] if i else 0.0)
        steps.append(below)
        below += heights[i]
    assert cost(tops) <= cost(steps) + 1e-6


# --- text -----------------------------------------------------------------------------------------


@pytest.mark.rule("TOPO-22")
def test_the_estimate_is_no_less_than_what_a_wide_font_needs() -> None:
    """Advance widths of DejaVu Sans Bold, in 1/2048 of the size."""
    for char, advance in {
        "W": 2259, "m": 2134, "i": 702, "l": 702, "n": 1458, "a": 1382, "e": 1389, "@": 2048,
        "M": 2038, "%": 2052, "0": 1425, " ": 713, "/": 748, "-": 850, "_": 1024, "w": 1892,
        "…": 2048, "é": 1389, "ß": 1473, "Ж": 2337, "щ": 2224,
    }.items():  # fmt: skip
        assert width(char, 2048) >= advance, char
    assert width("ab", 10) == pytest.approx(width("a", 10) + width("b", 10))
    assert width("e\u0301", 10) == width("e", 10)  # combining


@pytest.mark.rule("TOPO-22")
@given(st.text(max_size=80), st.floats(20, 200))
def test_a_cut_text_fits_keeps_both_ends_and_loses_no_more_than_it_must(
    text: str, limit: float
) -> None:
    shown = cut(text, 11, limit)
    assert width(shown, 11) <= limit
    if shown == text:
        return
    assert width(text, 11) > limit
    begin, end = shown[: len(shown) // 2], shown[len(shown) // 2 + 1 :]
    assert shown == f"{begin}…{end}"
    assert text.startswith(begin)
    assert text.endswith(end)
    kept = len(shown)  # one more than it kept
    more = f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"
    assert width(more, 11) > limit


@pytest.mark.rule("TOPO-27")
@given(st.text())
def test_what_is_visible_is_printable_and_on_one_line(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert len(shown) >= len(text)
    if text.isprintable():
        assert shown == text
