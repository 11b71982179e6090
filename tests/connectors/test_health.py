"""Health: the table, the one who watches over it, the ways through it, and its picture."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors import Connecting, ConnectorHealth, Degraded, Down, HealthMonitor, Up
from taktora.connectors.health import LEGAL, diagram, path
from taktora.errors import IllegalTransition, InvalidArgument, WrongType
from taktora.testing import connector_contract

SPEC = Path(__file__).parents[2] / "spec"
KINDS = (Connecting, Up, Degraded, Down)
START = datetime(2030, 1, 1, tzinfo=UTC)

times = st.datetimes(
    (START - timedelta(days=9999)).replace(tzinfo=None),
    (START + timedelta(days=9999)).replace(tzinfo=None),
    timezones=st.sampled_from([UTC, timezone(-timedelta(hours=9))]),
)
healths: st.SearchStrategy[ConnectorHealth] = st.one_of(
    st.just(Up()),
    st.builds(Connecting, times),
    st.builds(Degraded, st.text(max_size=5)),
    st.builds(Down, st.text(max_size=5), times),
)


def a(kind: type) -> ConnectorHealth:
    return {
        Up: Up(),
        Connecting: Connecting(START),
        Degraded: Degraded("why"),
        Down: Down("why", START),
    }[kind]


def monitor_at(kind: type) -> HealthMonitor:
    monitor = HealthMonitor(now=START)
    if kind is not Connecting:
        monitor.transition_to(a(kind), now=START)
    return monitor


@pytest.mark.rule("CORE-10")
def test_the_table_is_the_one_of_the_contract():
    by_name = {kind.__name__: {to.__name__ for to in legal} for kind, legal in LEGAL.items()}
    assert by_name == connector_contract.LEGAL
    assert by_name == {
        "Connecting": {"Up", "Degraded", "Down"},
        "Up": {"Degraded", "Down"},
        "Degraded": {"Up", "Connecting", "Down"},
        "Down": {"Connecting"},
    }
    with pytest.raises(TypeError):
        LEGAL[Down] = (Up,)  # type: ignore[index]


@pytest.mark.rule("CORE-10")
def test_health_begins_with_connecting():
    assert HealthMonitor(now=START).health == Connecting(START)
    assert isinstance(HealthMonitor().health, Connecting)


@pytest.mark.rule("CORE-10", "CORE-11")
@pytest.mark.parametrize(("from_", "to"), list(itertools.product(KINDS, KINDS)))
def test_each_of_the_sixteen_transitions_is_as_the_table_says(from_: type, to: type):
    monitor = monitor_at(from_)
    before, later = monitor.health, START + timedelta(seconds=1)
    if to in LEGAL[from_]:
        event = monitor.transition_to(a(to), now=later)
        assert (event.from_, event.to, event.at) == (before, a(to), later)
        assert monitor.health is event.to
    else:
        with pytest.raises(IllegalTransition) as caught:
            monitor.transition_to(a(to), now=later)
        assert monitor.health is before
        assert (caught.value.from_, caught.value.to) == (before, a(to))
        for kind in LEGAL[from_]:
            assert kind.__name__ in str(caught.value).partition("may:")[2]
        first = LEGAL[from_][0]
        assert monitor.transition_to(a(first), now=START).at == START, "the refused time counted"


@pytest.mark.rule("CORE-10", "CORE-11", "CORE-12")
@given(steps=st.lists(st.tuples(healths, times), max_size=30))
def test_whatever_is_tried_the_events_are_one_unbroken_legal_way(
    steps: list[tuple[ConnectorHealth, datetime]],
):
    monitor = HealthMonitor(now=START)
    events = []
    for health, now in steps:
        before = monitor.health
        try:
            events.append(monitor.transition_to(health, now=now))
        except IllegalTransition:
            assert monitor.health is before
            assert type(health) not in LEGAL[type(before)]
        else:
            assert monitor.health is health
    assert all(type(event.to) in LEGAL[type(event.from_)] for event in events)
    assert all(one.to is other.from_ for one, other in itertools.pairwise(events))
    at = [START, *(event.at for event in events)]
    assert at == sorted(at)
    assert {when.tzinfo for when in at} == {UTC}


class NotQuiteUp(Up):
    """Derived, and so none of the four."""


@pytest.mark.rule("CORE-11")
@pytest.mark.parametrize("health", [None, "Up", Up, NotQuiteUp(), object(), []])
def test_what_is_no_health_is_refused_and_changes_nothing(health: Any):
    monitor = HealthMonitor(now=START)
    with pytest.raises(WrongType, match="no health"):
        monitor.transition_to(health)
    assert monitor.health == Connecting(START)
    for from_, to in ((health, Up()), (Up(), health)):
        with pytest.raises(WrongType, match="no health"):
            path(from_, to, now=START)


@pytest.mark.rule("CORE-12")
@pytest.mark.parametrize(
    ("now", "error"),
    [(START.replace(tzinfo=None), InvalidArgument), (1.5, WrongType), ("now", WrongType)],
)
def test_a_time_without_a_zone_or_of_another_type_is_refused_and_changes_nothing(
    now: Any, error: type[Exception]
):
    monitor = HealthMonitor(now=START)
    for attempt in (
        lambda: monitor.transition_to(Up(), now=now),
        lambda: HealthMonitor(now=now),
        lambda: Connecting(now),
        lambda: Down("why", now),
        lambda: path(Down("why"), Up(), now=now),
    ):
        with pytest.raises(error):
            attempt()
    assert monitor.health == Connecting(START)


@pytest.mark.rule("CORE-12")
@pytest.mark.parametrize("kind", [Degraded, Down])
def test_a_reason_is_a_string(kind: Any):
    with pytest.raises(WrongType, match="reason"):
        kind(ValueError("broken"))


def distances(start: type) -> dict[type, int]:
    """Fewest transitions to each kind, found by trying all."""
    reached, found = {start}, {start: 0}
    for steps in range(1, 5):
        reached = {to for kind in reached for to in LEGAL[kind]}
        for kind in reached:
            found.setdefault(kind, steps)
    return found


@pytest.mark.rule("CORE-13")
@given(from_=healths, to=healths, now=times)
def test_a_path_is_legal_shortest_and_ends_where_it_should(
    from_: ConnectorHealth, to: ConnectorHealth, now: datetime
):
    steps = path(from_, to, now=now)
    way = [from_, *steps]
    assert all(type(two) in LEGAL[type(one)] for one, two in itertools.pairwise(way))
    assert len(steps) == distances(type(from_))[type(to)]
    if steps:
        assert steps[-1] is to
    else:
        assert type(from_) is type(to)


@pytest.mark.rule("CORE-13")
def test_what_lies_between_says_why():
    assert path(Down("cut", START), Up(), now=START) == [Connecting(START), Up()]
    assert path(Down("cut", START), Degraded("slow"), now=START)[0] == Connecting(START)
    assert path(Up(), Connecting(START), now=START)[0] == Degraded("on the way to Connecting")


def test_every_way_was_tried():
    """No pair of kinds is without a way, and one of them needs a stop."""
    assert {n for kind in KINDS for n in distances(kind).values()} == {0, 1, 2}
    assert all(set(distances(kind)) == set(KINDS) for kind in KINDS)


@pytest.mark.rule("CORE-14")
def test_the_diagram_has_the_arrows_of_the_table_and_no_others():
    title, begin, *arrows = diagram().splitlines()
    assert (title, begin.strip()) == ("stateDiagram-v2", "[*] --> Connecting")
    found = [re.fullmatch(r"    (\w+) --> (\w+)", line) for line in arrows]
    assert all(found)
    drawn = [(one[1], one[2]) for one in found if one]
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == {
        (kind.__name__, to.__name__) for kind, legal in LEGAL.items() for to in legal
    }


@pytest.mark.rule("CORE-14")
def test_the_diagram_of_the_page_is_drawn_from_the_table():
    page = (SPEC / "connectors.md").read_text(encoding="utf-8")
    assert re.findall(r"```mermaid\n(.*?)```", page, re.DOTALL) == [diagram()]
