"""Outputs that nobody commands any more: when their safe values are due, and that they are due once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from taktora.connectors.ethercat import Direction, EthercatRouting
from taktora.connectors.ethercat.safe_outputs import GRACE, SafeOutputs, SafeValue

MS = 1_000_000


def output(**more: Any) -> EthercatRouting:
    return EthercatRouting(1, Direction.RX, 0, 8, **more)


def watching(**outputs: EthercatRouting) -> SafeOutputs:
    safe = SafeOutputs()
    for name, its in outputs.items():
        safe.add(name, its)
    return safe


@pytest.mark.rule("ECAT-30", "ECAT-33")
@pytest.mark.parametrize(
    ("safe", "bits"), [("zero", b"\x00"), (7, b"\x07"), ("hold", None)]
)  # fmt: skip
def test_when_the_last_writer_has_gone_the_safe_value_is_due_once(safe: Any, bits: bytes | None):
    outputs = watching(a=output(safe=safe), b=output())
    outputs.writers_changed("a", present=True)
    outputs.wrote("a", 0)
    assert outputs.writers_changed("a", present=False) == [
        SafeValue("a", bits, "nobody writes to it any more")
    ]
    assert outputs.safe == {"a": "nobody writes to it any more"}
    assert outputs.writers_changed("a", present=False) == []
    assert outputs.due(10**12) == []
    outputs.writers_changed("a", present=True)
    assert outputs.wrote("a", 10**12)
    assert outputs.safe == {}
    assert len(outputs.writers_changed("a", present=False)) == 1


@pytest.mark.rule("ECAT-31", "ECAT-33")
def test_when_values_stop_coming_the_safe_value_is_due_at_that_time_and_once():
    outputs = watching(a=output(safe_after=0.1, safe=3), b=output())
    for name in "ab":
        outputs.writers_changed(name, present=True)
        outputs.wrote(name, 0)
    outputs.wrote("a", 50 * MS)
    assert outputs.due(150 * MS - 1) == []
    assert outputs.due(150 * MS) == [SafeValue("a", b"\x03", "no value came for 100 ms")]
    assert outputs.due(150 * MS) == outputs.due(10**15) == []
    outputs.wrote("a", 10**15)
    assert outputs.due(10**15 + 100 * MS - 1) == []
    assert len(outputs.due(10**15 + 100 * MS)) == 1


@pytest.mark.rule("ECAT-31")
def test_each_output_has_its_own_patience():
    outputs = watching(a=output(safe_after=0.3), b=output(safe_after=0.1), c=output(safe_after=2))
    for name in "abc":
        outputs.writers_changed(name, present=True)
        outputs.wrote(name, 0)
    found = {now: [one.channel for one in outputs.due(now * MS)] for now in range(0, 2500, 50)}
    assert {now: names for now, names in found.items() if names} == {
        100: ["b"],
        300: ["a"],
        2000: ["c"],
    }


@pytest.mark.rule("ECAT-32")
def test_when_the_plugin_has_ended_every_commanded_output_is_made_safe_and_stays_so():
    outputs = watching(a=output(safe=1), b=output(safe="hold"), never=output(safe=2))
    for name in "ab":
        outputs.writers_changed(name, present=True)
        outputs.wrote(name, 0)
    reason = "its plug-in has ended"
    assert outputs.plugin_gone() == [SafeValue("a", b"\x01", reason), SafeValue("b", None, reason)]
    assert outputs.plugin_gone() == []
    assert outputs.wrote("a", 5) is False
    assert outputs.safe == {"a": reason, "b": reason}
    assert outputs.due(10**12) == []


@pytest.mark.rule("ECAT-34")
def test_what_arrives_after_its_writer_has_gone_does_not_stand():
    outputs = watching(a=output(safe=1))
    outputs.writers_changed("a", present=True)
    outputs.wrote("a", 0)
    assert outputs.writers_changed("a", present=False)
    outputs.wrote("a", 5 * MS)  # it was still on its way
    assert outputs.due(5 * MS + GRACE - 1) == []
    assert outputs.due(5 * MS + GRACE) == [SafeValue("a", b"\x01", "nobody writes to it")]


@pytest.mark.rule("ECAT-34")
def test_a_value_may_come_before_its_writer_is_seen():
    outputs = watching(a=output())
    outputs.wrote("a", 0)
    outputs.writers_changed("a", present=True)
    assert outputs.due(GRACE) == outputs.due(100 * GRACE) == []
    outputs = watching(a=output(safe_after=5))
    outputs.wrote("a", 0)
    outputs.writers_changed("a", present=True)
    assert outputs.due(GRACE) == []
    assert outputs.due(5 * GRACE) == [SafeValue("a", b"\x00", "no value came for 5000 ms")]


@pytest.mark.rule("ECAT-35")
def test_after_a_new_bring_up_no_output_is_commanded():
    outputs = watching(a=output(), b=output(safe_after=0.1))
    for name in "ab":
        outputs.writers_changed(name, present=True)
        outputs.wrote(name, 0)
    outputs.writers_changed("a", present=False)
    outputs.forget_values()
    assert outputs.safe == {}
    assert outputs.due(10**12) == []
    assert outputs.writers_changed("b", present=False) == []
    outputs.wrote(
        "b", 10**12
    )  # nobody is known to write to it, and its patience is less than grace
    assert outputs.due(10**12 + 100 * MS - 1) == []
    assert len(outputs.due(10**12 + 100 * MS)) == 1


@pytest.mark.rule("ECAT-33")
def test_an_output_that_no_value_came_for_is_left_alone():
    outputs = watching(a=output(safe=1, safe_after=0.1))
    outputs.writers_changed("a", present=True)
    assert outputs.due(10**12) == []
    assert outputs.writers_changed("a", present=False) == []
    assert outputs.writers_changed("of an input", present=True) == []
    assert outputs.plugin_gone() == []
    outputs = watching()
    assert outputs.due(0) == []


PATIENCE = {"a": None, "b": 100, "c": 2500}
"""Milliseconds, of the machine's outputs."""


class Machine(RuleBasedStateMachine):
    """Against a model that looks at every output at every step, and keeps no deadline."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.outputs = watching(
            **{
                name: output(safe=1, safe_after=None if ms is None else ms / 1000)
                for name, ms in PATIENCE.items()
            }
        )
        self.last: dict[str, int] = {}  # commanded outputs, and when their values came
        self.written: set[str] = set()

    @rule(name=st.sampled_from("abc"))
    def value(self, name: str) -> None:
        assert self.outputs.wrote(name, self.now * MS)
        self.last[name] = self.now

    @rule(name=st.sampled_from("abc"), present=st.booleans())
    def writers(self, name: str, present: bool) -> None:
        found = [one.channel for one in self.outputs.writers_changed(name, present=present)]
        assert found == ([name] if not present and name in self.last else [])
        if present:
            self.written.add(name)
        else:
            self.written.discard(name)
            self.last.pop(name, None)

    @rule(ms=st.sampled_from([1, 50, 99, 100, 900, 1000, 2500]))
    def time_passes(self, ms: int) -> None:
        self.now += ms
        found = {one.channel for one in self.outputs.due(self.now * MS)}
        expected = set()
        for name, since in list(self.last.items()):
            limits = [PATIENCE[name]] if PATIENCE[name] is not None else []
            if name not in self.written:
                limits.append(1000)
            if limits and self.now - since >= min(limits):
                expected.add(name)
                del self.last[name]
        assert found == expected

    @rule()
    def a_new_bring_up(self) -> None:
        self.outputs.forget_values()
        self.last.clear()

    @invariant()
    def what_is_safe_is_not_commanded(self) -> None:
        assert not self.outputs.safe.keys() & self.last.keys()


Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
Machine.TestCase.pytestmark = [  # type: ignore[attr-defined]
    pytest.mark.rule("ECAT-30", "ECAT-31", "ECAT-33", "ECAT-34", "ECAT-35")
]
TestSafeOutputs = Machine.TestCase
