"""The status frame: what it holds, and that it is never too long."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors.frame_reader import Followed
from taktora.connectors.health import Down, Up
from taktora.connectors.status import (
    MAX_BYTES,
    MOST_WRITERS,
    PortStatus,
    Status,
    decode,
    encode,
)
from taktora.observe.port_stats import PortStats

counts = st.integers(0, 2**64 - 1)
followed = st.builds(Followed, counts, counts)
ports = st.builds(
    PortStatus,
    st.builds(PortStats, counts, counts, counts, counts, counts),
    st.dictionaries(st.text("0123456789abcdef", min_size=1), followed, max_size=MOST_WRITERS),
)
statuses = st.builds(
    Status, st.text(), counts, st.just(Up()), st.dictionaries(st.text(), ports, max_size=5)
)


@pytest.mark.rule("PSTAT-30")
@given(statuses)
def test_a_status_is_read_as_it_was_written(status: Status) -> None:
    assert decode(encode(status)) == status


@pytest.mark.rule("PSTAT-30")
@given(st.binary() | st.from_regex(rb"\{.*\}"))
def test_whatever_it_is_nothing_is_raised(data: bytes) -> None:
    assert isinstance(decode(data), str)


@pytest.mark.rule("PSTAT-30")
@pytest.mark.parametrize(
    "damage",
    [
        {"ports": []},
        {"ports": {"out a": 3}},
        {"ports": {"out a": [1, 2, 3, 4, {}]}},
        {"ports": {"out a": [1, 2, 3, 4, 1.5, {}]}},
        {"ports": {"out a": [1, 2, 3, 4, -5, {}]}},
        {"ports": {"out a": [1, 2, 3, 4, 5, {"w": [1]}]}},
        {"ports": {"out a": [1, 2, 3, 4, 5, {"w": [1, 2, 3]}]}},
        {"ports": {"out a": [1, 2, 3, 4, 5, []]}},
        {"left_out": True},
        {"beat": float("inf")},
    ],
)
def test_what_cannot_be_read_is_said_in_words(damage: dict[str, object]) -> None:
    good = json.loads(encode(Status("one", 1, Up())))
    assert isinstance(decode(json.dumps(good).encode()), Status)
    assert "cannot be read" in str(decode(json.dumps(good | damage).encode()))


@pytest.mark.rule("PSTAT-31")
def test_ports_that_find_no_room_are_left_out_and_counted() -> None:
    many = {
        f"out channel {n}": PortStatus(PortStats(n), {f"{n:x}": Followed(n, 0)})
        for n in range(3000)
    }
    data = encode(
        Status("one", 1, Down("\U0001f4a5" * 3000, datetime(2024, 1, 1, tzinfo=UTC)), many)
    )
    assert MAX_BYTES - 200 < len(data) <= MAX_BYTES
    told = decode(data)
    assert isinstance(told, Status)
    assert told.left_out == 3000 - len(told.ports) > 0
    assert list(told.ports) == list(many)[: len(told.ports)]
    few = decode(encode(Status("one", 1, Up(), dict(list(many.items())[:300]))))
    assert isinstance(few, Status)
    assert few.left_out == 0


@pytest.mark.rule("PSTAT-31")
def test_the_writers_that_sent_last_are_told_of() -> None:
    writers = {f"{n:x}": Followed(n, 0) for n in range(100)}
    told = decode(encode(Status("one", 1, Up(), {"out a": PortStatus(PortStats(), writers)})))
    assert isinstance(told, Status)
    assert list(told.ports["out a"].writers) == list(writers)[-MOST_WRITERS:]
