"""The table for people: strings only, readable units, rates from two snapshots."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from taktora import ExecutorStats, ItemStats
from taktora.core.mailbox import Mailbox
from taktora.errors import InvalidArgument
from taktora.observe import table
from taktora.observe.counters import ItemCounters

UNITS = {"µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
IDLE = ItemCounters().stats("idle", Mailbox(8), 0)


BUSY = evolve(
    IDLE,
    item_id="imu",
    count=1200,
    failures=3,
    overruns=4,
    took_min_ns=1_000,
    p50_ns=12_300,
    p95_ns=13_300,
    p99_ns=14_300,
    took_max_ns=1_230_000,
    lateness_p50_ns=80_000,
    lateness_p99_ns=81_000,
    lateness_max_ns=82_000,
    skipped=2,
    mailbox_depth=5,
    mailbox_peak=7,
    dropped=6,
    rejected=8,
)


def stats(*items: ItemStats) -> ExecutorStats:
    return ExecutorStats({item.item_id: item for item in items})


def counted(**counts: int) -> ExecutorStats:
    return stats(*(evolve(IDLE, item_id=name, count=count) for name, count in counts.items()))


@pytest.mark.rule("STAT-20")
def test_each_cell_stands_under_its_title():
    header, row = table.rows(stats(BUSY), {"imu": 99.7})
    assert dict(zip(header, row, strict=True)) == {
        "item": "imu",
        "runs": "1200",
        "rate": "99.7/s",
        "p50": "12.3 µs",
        "p99": "14.3 µs",
        "max": "1.23 ms",
        "late p99": "81.0 µs",
        "skipped": "2",
        "overruns": "4",
        "failures": "3",
        "depth": "5",
        "drops": "6",
    }


@pytest.mark.rule("STAT-20", "STAT-07")
def test_what_is_not_known_is_a_dash():
    row = table.rows(stats(IDLE))[1]
    assert row == ("idle", "0", "-", "-", "-", "-", "-", "0", "0", "0", "0", "0")


@pytest.mark.rule("STAT-20")
def test_items_keep_their_order_and_every_row_is_as_long_as_the_header():
    rows = table.rows(stats(evolve(IDLE, item_id="z"), BUSY, IDLE))
    assert [row[0] for row in rows] == ["item", "z", "imu", "idle"]
    assert {len(row) for row in rows} == {len(table.HEADER)}
    assert table.rows(ExecutorStats()) == [table.HEADER]


@pytest.mark.rule("STAT-20")
@given(nanos=st.one_of(st.integers(0, 10**4), st.integers(0, 10**13)))
def test_a_duration_keeps_three_digits_in_a_unit_that_fits(nanos: int):
    digits, unit = table.duration(nanos).split()
    assert float(digits) * UNITS[unit] == pytest.approx(nanos, rel=0.0051, abs=5)
    assert unit == "s" or float(digits) < 1000
    assert unit == "µs" or float(digits) >= 1
    assert "e" not in digits


@pytest.mark.rule("STAT-20")
@pytest.mark.parametrize(
    ("nanos", "shown"),
    [
        (None, "-"),
        (0, "0 µs"),
        (870, "0.87 µs"),
        (9_995, "10.0 µs"),
        (99_950, "100 µs"),
        (999_499, "999 µs"),
        (999_500, "1.00 ms"),
        (1_234_567, "1.23 ms"),
        (999_500_000, "1.00 s"),
        (4_398_000_000_000, "4398 s"),
    ],
)
def test_durations_as_people_write_them(nanos: int | None, shown: str):
    assert table.duration(nanos) == shown


@pytest.mark.rule("STAT-20")
def test_the_text_has_aligned_columns():
    lines = str(stats(BUSY, IDLE)).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert [line[:10] for line in lines] == ["item  runs", "imu   1200", "idle     0"]
    assert table.text([("a", "bb"), ("ccc", "d")]) == "a    bb\nccc   d"


@pytest.mark.rule("STAT-20")
def test_one_item_is_one_line_without_what_is_unknown():
    assert str(BUSY) == (
        "imu: runs 1200, p50 12.3 µs, p99 14.3 µs, max 1.23 ms, late p99 81.0 µs, skipped 2, "
        "overruns 4, failures 3, depth 5, drops 6"
    )
    assert str(IDLE) == "idle: runs 0, skipped 0, overruns 0, failures 0, depth 0, drops 0"


@pytest.mark.rule("STAT-21")
def test_rates_are_executions_per_second_between_two_snapshots():
    before, after = counted(a=100, b=7), counted(a=150, b=7, new=10)
    assert table.rates(before, after, 0.5) == {"a": 100.0, "b": 0.0, "new": 20.0}


@pytest.mark.rule("STAT-21")
def test_an_item_that_is_gone_has_no_rate_and_one_added_anew_counts_from_zero():
    assert table.rates(counted(gone=5, again=100), counted(again=30), 10) == {"again": 3.0}


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan")])
def test_a_rate_over_no_time_is_refused(seconds: Any):
    with pytest.raises(InvalidArgument, match="seconds"):
        table.rates(counted(), counted(), seconds)
