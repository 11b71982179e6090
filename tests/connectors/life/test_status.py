"""The status that a gateway sends: round trips, limits, and whatever bytes may come instead."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from taktora.connectors import (
    Connecting,
    ConnectorError,
    Degraded,
    Down,
    LoopbackConnector,
    PortStats,
    Up,
)
from taktora.connectors.beacon import Beacon, open_status
from taktora.connectors.frame_reader import Followed
from taktora.connectors.status import (
    MAX_BYTES,
    MOST_WRITERS,
    PortStatus,
    Status,
    decode,
    encode,
)
from taktora.testing import SimulatedExecutor

WHEN = datetime(2026, 1, 1, tzinfo=UTC)

counts = st.integers(0, 2**63)
whens = st.datetimes(timezones=st.just(UTC))
reasons = st.text(max_size=2000)
healths = st.one_of(
    st.just(Up()),
    st.builds(Connecting, whens),
    st.builds(Degraded, reasons),
    st.builds(Down, reasons, whens),
)
ports = st.builds(
    PortStatus,
    st.builds(PortStats, counts, counts, counts, counts, counts),
    st.dictionaries(st.text(max_size=8), st.builds(Followed, counts, counts), max_size=3),
)
statuses = st.builds(
    Status,
    st.text(max_size=40),
    counts,
    healths,
    st.dictionaries(st.text(max_size=20), ports, max_size=4),
    counts,
)


def with_health(health: Any) -> Status:
    return Status("one", 1, health)


@pytest.mark.rule("LIVE-18")
@given(statuses)
def test_what_was_said_is_what_is_heard(status: Status) -> None:
    frame = encode(status)
    assert decode(frame) == status
    assert decode(memoryview(frame)) == status


@pytest.mark.rule("LIVE-19")
@given(
    st.sampled_from([Down, Degraded]),
    st.text(st.characters(min_codepoint=1), min_size=1, max_size=5),
    st.integers(0, 3000),
    st.integers(0, 40),
)
@example(Down, "\U0001f600", 100_000, 300)
@example(Degraded, "\x00", 100_000, 0)
@example(Down, '"\\', 50_000, 1000)
def test_a_status_never_has_more_than_its_most_bytes(
    kind: Any, piece: str, times: int, number: int
) -> None:
    writers = {f"{n:032x}": Followed(2**63, 2**63) for n in range(20)}
    port = PortStatus(PortStats(*[2**63] * 5), writers)
    many = {f"out {chr(233) * 100}{n}": port for n in range(number)}
    status = Status("x" * 32, 2**63, kind(piece * times), many)
    frame = encode(status)
    assert len(frame) <= MAX_BYTES
    said = decode(frame)
    assert isinstance(said, Status)
    assert (piece * times).startswith(said.health.reason)  # type: ignore[union-attr]
    assert len(said.health.reason) == min(2000, len(piece * times))  # type: ignore[union-attr]
    assert len(said.ports) + said.left_out == number
    assert list(said.ports) == list(many)[: len(said.ports)]
    assert all(list(one.writers) == list(writers)[-MOST_WRITERS:] for one in said.ports.values())


@pytest.mark.rule("LIVE-19")
def test_no_port_is_left_out_while_there_is_room() -> None:
    port = PortStatus(PortStats())
    one = len(encode(Status("x", 1, Up(), {"out 0000": port}))) - len(encode(Status("x", 1, Up())))
    fit = (MAX_BYTES - len(encode(Status("x", 1, Up())))) // (one + 1)
    for number in (fit - 1, fit, fit + 1, fit + 50):
        frame = encode(Status("x", 1, Up(), {f"out {n:04}": port for n in range(number)}))
        assert len(frame) <= MAX_BYTES
        said = decode(frame)
        assert isinstance(said, Status)
        assert said.left_out == number - len(said.ports)
        assert said.left_out == 0 or len(frame) > MAX_BYTES - 2 * (one + 1)


@pytest.mark.rule("LIVE-20")
@given(st.binary(max_size=300))
@example(b"")
@example(b"[" * 100_000)
@example(b'{"a":' * 50_000)
@example(b'{"version":1,"beat":' + b"9" * 5000 + b"}")
def test_arbitrary_bytes_are_put_into_words(data: bytes) -> None:
    said = decode(data)
    assert isinstance(said, str)
    assert "its gateway" in said


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["Up", "Down", "Connecting", "0001-01-01T00:00:00+23:59", "2026-01-01"]),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@pytest.mark.rule("LIVE-20")
@given(json_values)
def test_arbitrary_json_is_put_into_words(value: Any) -> None:
    assert isinstance(decode(json.dumps(value).encode()), str)


@pytest.mark.rule("LIVE-20")
@given(
    st.sampled_from(
        ["version", "instance", "beat", "state", "reason", "since", "ports", "left_out"]
    ),
    json_values,
    st.booleans(),
)
def test_a_status_with_one_thing_wrong_is_read_or_put_into_words(
    key: str, value: Any, gone: bool
) -> None:
    fields = json.loads(encode(with_health(Down("x", WHEN))))
    fields[key] = value
    if gone:
        del fields[key]
    said = decode(json.dumps(fields).encode())
    assert isinstance(said, str) or not gone
    if isinstance(said, Status):  # then it can be said again
        assert decode(encode(said)) == said


@pytest.mark.rule("LIVE-20")
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"version": 2}, "speaks version 2 of the status, not 1"),
        ({"version": None}, "speaks version None"),
        ({"state": "Sideways"}, "no health is called 'Sideways'"),
        ({"beat": -1}, "-1 counts nothing"),
        ({"beat": True}, "True counts nothing"),
        ({"left_out": 1.0}, "1.0 counts nothing"),
        ({"reason": 5}, "a health's reason must be a string, not 5"),
        ({"since": "2026-01-01"}, "needs a time zone"),
        ({"since": "0001-01-01T00:00:00+23:59"}, "OverflowError"),
        ({"since": "yesterday"}, "Invalid isoformat"),
        ({"ports": {"out a": [1, 2]}}, "cannot be read"),
        ({"ports": {"out a": [1, 2, 3, 4, 5, {"w": [1]}]}}, "cannot be read"),
        ({"ports": []}, "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_status_is_said(change: dict[str, Any], says: str) -> None:
    fields = json.loads(encode(with_health(Down("x", WHEN)))) | change
    said = decode(json.dumps(fields).encode())
    assert isinstance(said, str)
    assert says in said


# --- the beacon -----------------------------------------------------------------------------------


@pytest.fixture
def sim() -> Iterator[SimulatedExecutor]:
    with SimulatedExecutor() as one:
        yield one


@pytest.mark.rule("LIVE-21")
def test_a_beacon_counts_its_signs_and_late_joiners_are_given_the_latest(
    sim: SimulatedExecutor,
) -> None:
    beacon = Beacon(sim, "lab")
    for _ in range(3):
        beacon.shine(Up())
    listener = open_status(sim, "lab").subscriber()
    heard = [decode(sample.payload) for sample in listener]
    assert heard == [Status(beacon.instance, 3, Up())]
    beacon.close()
    beacon.shine(Up())  # says no more, and raises nothing
    beacon.close()
    assert list(listener) == []
    listener.close()


@pytest.mark.rule("LIVE-21")
def test_each_start_of_a_gateway_is_another_instance(sim: SimulatedExecutor) -> None:
    first = Beacon(sim, "lab")
    first.close()
    second = Beacon(sim, "lab")
    assert second.instance != first.instance
    second.close()


@pytest.mark.rule("LIVE-22")
def test_a_second_gateway_of_a_name_is_refused_and_changes_nothing(sim: SimulatedExecutor) -> None:
    first, second = LoopbackConnector("lab", node=sim), LoopbackConnector("lab", node=sim)
    first.serve_with(sim)
    sim.start()
    sim.advance(1)
    before = second.health
    with pytest.raises(ConnectorError, match="another gateway serves connector 'lab' in this dom"):
        second.serve_with(sim)
    assert second.health == before
    assert isinstance(first.health, Up)
    first.close()
    second.serve_with(sim)
    sim.advance(1)
    assert isinstance(second.health, Up)
    second.close()
