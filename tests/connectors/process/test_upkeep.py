"""When the next process is started, by the clock; pure."""

from __future__ import annotations

import pytest

from taktora.connectors import ExponentialBackoff
from taktora.connectors.launching import command, environment, how_it_ended
from taktora.connectors.upkeep import SETTLED, Phase, Upkeep

S = 1_000_000_000


def upkeep(max_attempts: int | None = None) -> Upkeep:
    policy = ExponentialBackoff(1, 100, 2, jitter=0, max_attempts=max_attempts)
    return Upkeep(policy, patience=30 * S)


def ends_after(one: Upkeep, length: int, now: int, *, well: bool = True) -> int:
    """One process that is well for so long; when the next one is due, from its end."""
    one.started(now)
    one.heard(well=well, now=now)
    one.ended(now + length)
    return one.due - now - length


@pytest.mark.rule("PROC-11")
def test_those_that_end_soon_are_started_later_and_later():
    one = upkeep()
    assert one.is_due(0)
    assert [ends_after(one, SETTLED - 1, 50 * S) for _ in range(4)] == [S, 2 * S, 4 * S, 8 * S]
    assert one.starts == 4
    assert not one.is_due(one.due - 1)
    assert one.is_due(one.due)


@pytest.mark.rule("PROC-11")
def test_after_one_that_was_well_for_a_second_the_policy_begins_anew():
    one = upkeep()
    assert [ends_after(one, 0, 0) for _ in range(3)] == [S, 2 * S, 4 * S]
    assert ends_after(one, SETTLED, 0) == S
    assert ends_after(one, SETTLED, 0, well=False) == 2 * S


@pytest.mark.rule("PROC-11")
def test_well_counts_from_the_last_time_that_it_was_not():
    one = upkeep()
    ends_after(one, 0, 0)
    one.started(0)
    for well, now in ((True, 0), (True, 2 * S), (False, 3 * S), (True, 4 * S)):
        one.heard(well=well, now=now)
    one.ended(4 * S + SETTLED - 1)
    assert one.due - (4 * S + SETTLED - 1) == 2 * S


@pytest.mark.rule("PROC-12")
def test_one_that_says_nothing_is_stuck_after_so_long_and_one_that_was_heard_is_not():
    one = upkeep()
    one.started(S)
    assert not one.is_stuck(31 * S - 1)
    assert one.is_stuck(31 * S)
    one.heard(well=False, now=2 * S)
    assert one.phase is Phase.RUNNING
    assert not one.is_stuck(100 * S)


@pytest.mark.rule("PROC-12")
def test_it_gives_up_when_the_policy_does():
    one = upkeep(max_attempts=1)
    ends_after(one, 0, 0)
    assert one.phase is Phase.WAITING
    ends_after(one, 0, 0)
    assert one.phase is Phase.GIVEN_UP
    assert not one.is_due(10**18)


@pytest.mark.rule("PROC-20")
def test_none_is_started_once_none_is_wanted():
    one = upkeep()
    one.leave()
    assert not one.is_due(10**18)


@pytest.mark.rule("PROC-11")
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-9, "was killed by SIGKILL"),
        (-40, "was killed by signal 40"),
        (0, "was ended by somebody else"),
        (3, "ended with exit code 3: ModuleNotFoundError: no x"),
    ],
)
def test_how_it_ended_is_said_in_words(code, words):
    assert how_it_ended(code, ["Traceback", "ModuleNotFoundError: no x", " "]) == words
    assert how_it_ended(1, []) == "ended with exit code 1"


@pytest.mark.rule("PROC-02")
def test_a_process_is_in_the_domain_of_its_plug_in_whatever_the_environment_says(monkeypatch):
    monkeypatch.setenv("TAKTORA_DOMAIN", "other")
    monkeypatch.setenv("PYTHONPATH", "/some/where")
    assert environment("rig")["TAKTORA_DOMAIN"] == "rig"
    assert "TAKTORA_DOMAIN" not in environment(None)
    assert environment(None)["PYTHONPATH"].startswith("/some/where:")
    assert command("a\0b\nc")[-1] == "abc"
