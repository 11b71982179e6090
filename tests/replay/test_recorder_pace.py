"""How often the recorder looks."""

from __future__ import annotations

import pytest

from taktora.replay.pace import Pace

MS = 1_000_000


@pytest.mark.rule("REPLAY-31")
def test_it_begins_with_a_millisecond_and_grows_to_the_period_while_buffers_are_nearly_empty():
    pace = Pace(0.01)
    looks = [pace.current, *(pace.after(0.1) for _ in range(100))]
    assert looks[0] == MS
    assert looks == sorted(looks)
    assert looks[-1] == 10 * MS
    assert sum(looks[:40]) < 250 * MS


@pytest.mark.rule("REPLAY-31")
def test_a_period_below_a_millisecond_is_kept_from_the_first_look_on():
    assert Pace(0.0002).current == MS // 5


@pytest.mark.rule("REPLAY-31")
def test_it_is_halved_while_a_buffer_is_more_than_60_percent_full_and_kept_in_between():
    pace = Pace(0.01)
    for _ in range(100):
        pace.after(0.0)
    assert pace.after(0.61) == 5 * MS
    assert pace.after(0.4) == pace.after(0.6) == 5 * MS
    assert min(pace.after(1.0) for _ in range(20)) == MS // 10


@pytest.mark.rule("REPLAY-31")
@pytest.mark.parametrize("rate", [0.01, 0.0625, 0.25])
def test_a_steady_channel_settles_where_its_buffer_is_never_full(rate: float):
    """``rate``: what share of its buffer is filled in a millisecond."""
    pace = Pace(0.01)
    fullest = [0.0]
    for _ in range(500):
        fullest.append(rate * pace.current / MS)
        pace.after(fullest[-1])
    assert max(fullest) < 0.6
    assert fullest[-1] == pytest.approx(min(0.43, rate * 10), rel=0.1)
