"""The gateway's sign of life as bytes: arbitrary ones never raise."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taktora.connectors import Connecting, Degraded, Down, Up
from taktora.connectors.status import MAX_BYTES, Status, decode, encode

TIMES = st.datetimes(timezones=st.just(UTC))
HEALTHS = st.one_of(
    st.builds(Up),
    st.builds(Connecting, TIMES),
    st.builds(Degraded, st.text()),
    st.builds(Down, st.text(), TIMES),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.rule("GATE-60")
@given(instance=st.text(max_size=40), beat=st.integers(0), health=HEALTHS)
def test_what_was_said_is_what_is_heard(instance, beat, health):
    status = Status(instance, beat, health)
    data = encode(status)
    assert decode(memoryview(data)) == status


@pytest.mark.rule("GATE-60")
@pytest.mark.parametrize(
    "reason", ["x" * 10_000, "ü" * 10_000, "\U0001f600" * 10_000, "\0" * 9_999]
)
def test_a_reason_that_is_too_long_is_cut(reason):
    data = encode(Status("a" * 32, 2**63, Down(reason)))
    assert len(data) <= MAX_BYTES
    found = decode(data)
    assert isinstance(found, Status)
    assert reason.startswith(found.health.reason)
    assert len(found.health.reason) >= 250


@pytest.mark.rule("GATE-61")
@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_arbitrary_bytes_are_said_to_be_unreadable(data):
    assert isinstance(decode(data), str)


@pytest.mark.rule("GATE-61")
@given(
    field=st.sampled_from(["version", "instance", "beat", "state", "reason", "since"]),
    value=JSON | st.datetimes().map(datetime.isoformat),
)
def test_whatever_one_field_is_nothing_is_raised(field, value):
    text = json.loads(encode(Status("a", 1, Down("gone"))))
    assert isinstance(decode(json.dumps({**text, field: value}).encode()), Status | str)


@pytest.mark.rule("GATE-61")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("beat", float("inf")),
        ("beat", float("nan")),
        ("since", "0001-01-01T00:00:00+10:00"),
        ("since", "9999-12-31T23:59:59-10:00"),
        ("since", "2026-01-01T00:00:00"),
        ("reason", 3),
        ("state", ["Up"]),
    ],
)
def test_what_python_cannot_hold_is_unreadable_too(field, value):
    text = json.loads(encode(Status("a", 1, Down("gone"))))
    found = decode(json.dumps({**text, field: value}).encode())
    assert str(found).startswith("its gateway's status cannot be read: ")


@pytest.mark.rule("GATE-61")
def test_nested_too_deep_is_unreadable():
    assert isinstance(decode(b"[" * 100_000), str)


@pytest.mark.rule("GATE-61")
def test_another_version_is_named():
    text = json.loads(encode(Status("a", 1, Up())))
    said = decode(json.dumps({**text, "version": 9}).encode())
    assert said == "its gateway speaks version 9 of the status, not 1"


@pytest.mark.rule("GATE-60")
def test_times_are_the_same_instant_in_any_zone():
    there = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=5)))
    found = decode(encode(Status("a", 1, Connecting(there))))
    assert isinstance(found, Status)
    assert found.health == Connecting(there)
