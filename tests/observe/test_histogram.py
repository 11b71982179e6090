"""The histogram: its promises about error, ends, memory and readers, as properties."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from taktora.errors import InvalidArgument
from taktora.observe.histogram import LARGEST, RELATIVE_ERROR, Histogram

edges = st.builds(
    lambda bits, by: min(max((1 << bits) + by, 0), LARGEST), st.integers(0, 42), st.integers(-2, 2)
)
durations = st.one_of(
    edges,
    st.integers(0, 300),
    st.integers(0, 10**5),
    st.integers(0, LARGEST),
    st.integers(0, 42).flatmap(lambda bits: st.integers(0, (1 << bits) - 1)),
)
percents = st.one_of(st.integers(0, 100), st.sampled_from([99.9, 99.99, 0.1, 33.3]))


def recorded(values: Sequence[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    return histogram


def nearest_rank(values: Sequence[int], percent: float) -> int:
    """The exact percentile, from sorted data."""
    return sorted(values)[max(math.ceil(len(values) * percent / 100), 1) - 1]


def bytes_of(histogram: Histogram) -> int:
    """The histogram and all that is its own."""
    if not histogram._pages:
        return sys.getsizeof(histogram)
    pages = {id(page): page for page in histogram._pages}.values()
    return sum(map(sys.getsizeof, (histogram, histogram._pages, *pages)))


# --- percentiles ------------------------------------------------------------------------------


def test_the_bound_that_is_stated_is_well_below_one_per_cent():
    assert RELATIVE_ERROR < 0.005


@pytest.mark.rule("STAT-03")
@settings(max_examples=500)
@given(values=st.lists(durations, min_size=1, max_size=60), percent=percents)
def test_any_percentile_is_within_the_bound_of_sorted_data(values: list[int], percent: float):
    exact = nearest_rank(values, percent)
    found = recorded(values).percentile(percent)
    assert found is not None
    assert abs(found - exact) <= RELATIVE_ERROR * exact
    if exact < 256:
        assert found == exact


@pytest.mark.rule("STAT-03")
@given(
    values=st.lists(durations, min_size=1, max_size=4).flatmap(
        lambda few: st.lists(st.sampled_from(few), min_size=1, max_size=300)
    )
)
def test_the_summary_gives_the_same_percentiles_also_when_values_repeat(values: list[int]):
    summary = recorded(values).summary()
    for percent, found in ((50, summary.p50), (95, summary.p95), (99, summary.p99)):
        exact = nearest_rank(values, percent)
        assert found is not None
        assert abs(found - exact) <= RELATIVE_ERROR * exact


@pytest.mark.rule("STAT-03")
@given(value=durations, times=st.integers(1, 300))
def test_a_duration_that_never_changes_is_reported_exactly(value: int, times: int):
    summary = recorded([value] * times).summary()
    assert {summary.minimum, summary.p50, summary.p95, summary.p99, summary.maximum} == {value}


@pytest.mark.rule("STAT-03")
def test_every_bucket_is_as_narrow_as_promised_at_both_of_its_ends():
    """Between two strangers, so that no end of the data comes to its help."""
    for bits in range(1, 42):
        for step in range(128):
            value = (1 << bits) + (step << bits >> 7)
            for near in (value - 1, value, value + 1):
                found = recorded([0, near, LARGEST]).percentile(50)
                assert found is not None
                assert abs(found - near) <= RELATIVE_ERROR * near, near


@pytest.mark.parametrize("percent", [-1, 100.001, math.nan, math.inf])
def test_a_percentile_outside_of_0_to_100_is_refused(percent: float):
    with pytest.raises(InvalidArgument, match="between 0 and 100"):
        recorded([1]).percentile(percent)


# --- ends, mean, count --------------------------------------------------------------------------


@pytest.mark.rule("STAT-02", "STAT-06")
@given(values=st.lists(st.one_of(durations, st.integers(0, 2**62)), min_size=1, max_size=60))
@example([2**62])
@example([0])
def test_count_and_ends_and_mean_are_exact_and_everything_is_in_order(values: list[int]):
    summary = recorded(values).summary()
    assert summary.count == len(values)
    assert (summary.minimum, summary.maximum) == (min(values), max(values))
    assert summary.mean == min(max(sum(values) / len(values), min(values)), max(values))
    assert summary.minimum <= summary.p50 <= summary.p95 <= summary.p99 <= summary.maximum  # type: ignore[operator]


@pytest.mark.rule("STAT-04")
def test_what_is_too_long_is_counted_in_the_last_bucket_and_by_itself():
    histogram = recorded([LARGEST, LARGEST + 1, 2**62, 5])
    summary = histogram.summary()
    assert (summary.count, histogram.clamped) == (4, 2)
    assert (summary.minimum, summary.maximum) == (5, 2**62)
    assert summary.p50 == pytest.approx(LARGEST, rel=RELATIVE_ERROR)
    assert LARGEST > 3600 * 10**9


@pytest.mark.rule("STAT-07")
def test_nothing_recorded_is_no_zero():
    summary = Histogram().summary()
    assert (summary.count, summary.minimum, summary.maximum, summary.p50) == (0, None, None, None)
    assert summary.mean is summary.p95 is summary.p99 is Histogram().percentile(50) is None
    assert recorded([0]).summary().maximum == 0


@pytest.mark.parametrize("before", [[], [7], [0, 2**40]])
def test_a_negative_duration_is_refused_and_nothing_was_counted(before: list[int]):
    histogram = recorded(before)
    was = histogram.summary()
    with pytest.raises(InvalidArgument, match="negative"):
        histogram.record(-1)
    assert histogram.summary() == was


# --- memory -------------------------------------------------------------------------------------


@pytest.mark.rule("STAT-05")
def test_an_untouched_histogram_is_a_few_words_and_histograms_share_nothing():
    one, other = Histogram(), Histogram()
    assert bytes_of(one) < 100
    one.record(1000)
    assert bytes_of(other) < 100
    assert other.summary().count == 0


@pytest.mark.rule("STAT-05")
@given(values=st.lists(durations, min_size=1, max_size=30))
def test_memory_does_not_depend_on_how_many_were_recorded(values: list[int]):
    histogram = recorded(values)
    once = bytes_of(histogram)
    octaves = {max(value.bit_length(), 8) for value in values}
    assert once < 600 + 1120 * (8 in octaves) + 600 * len(octaves - {8})
    for value in values * 20:
        histogram.record(value)
    assert bytes_of(histogram) == once


@pytest.mark.rule("STAT-05")
def test_all_octaves_together_stay_below_22_kilobytes():
    histogram = recorded([1 << bits for bits in range(63)])
    assert 20_000 < bytes_of(histogram) < 22_000


@pytest.mark.rule("STAT-05", "STAT-01")
@pytest.mark.parametrize("value", [200, 1000, 2**50])
def test_a_bucket_counts_on_where_32_bits_end(value: int):
    histogram = recorded([value, 0, 70_000])
    for page in histogram._pages:
        for bucket, number in enumerate(page):
            page[bucket] = number * (2**32 - 1)
    histogram.record(value)
    histogram.record(value)
    assert histogram.summary().count == 3 * (2**32 - 1) + 2
    assert histogram.percentile(50) == recorded([0, value, 70_000]).percentile(50)
    assert bytes_of(histogram) < 2 * bytes_of(recorded([value, 0, 70_000]))


# --- one writes, others look --------------------------------------------------------------------


@pytest.mark.rule("STAT-06")
def test_a_record_of_which_a_reader_sees_a_half_leaves_the_mean_between_the_ends():
    """The writer is between two of its lines: the total is there, the bucket is not yet."""
    histogram = recorded([5, 7])
    histogram._total += 6
    seen = histogram.summary()
    assert (seen.count, seen.minimum, seen.mean, seen.maximum) == (2, 5, 7, 7)


@pytest.mark.rule("STAT-06")
def test_who_looks_while_another_thread_records_sees_everything_in_order():
    histogram = Histogram()
    over = threading.Event()

    def write() -> None:
        value = 1
        while not over.is_set():
            value = value * 48271 % 0x7FFFFFFF  # all magnitudes, ever new extremes at first
            histogram.record(value >> value % 31)

    writer = threading.Thread(target=write)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    writer.start()
    try:
        count = looks = 0
        while looks < 300 or count < 1000:
            seen = histogram.summary()
            looks += 1
            assert seen.count >= count
            count = seen.count
            if count:
                order = [seen.minimum, seen.p50, seen.p95, seen.p99, seen.maximum]
                assert order == sorted(order)  # type: ignore[type-var]
                assert seen.minimum <= seen.mean <= seen.maximum  # type: ignore[operator]
    finally:
        over.set()
        writer.join()
        sys.setswitchinterval(interval)
