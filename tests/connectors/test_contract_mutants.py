"""Plants plausible bugs in our own gateway, connector and loopback; each breaks the law that it should."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from hypothesis import settings

from taktora.connectors import Up
from taktora.connectors.connector import Connector
from taktora.connectors.connector_life import ConnectorLife
from taktora.connectors.course import Course, Stage
from taktora.connectors.gateway import Gateway
from taktora.connectors.guarded_link import GuardedLink
from taktora.connectors.inbound import Inbound
from taktora.connectors.loopback_link import LoopbackLink
from taktora.connectors.pump import Pump
from taktora.errors import LawBroken
from tests import planting
from tests.planting import caught

from .loopback_machine import LoopbackMachine
from .test_loopback_contract import ALittleRoom

SEARCH = settings(planting.SEARCH, max_examples=300)

Bug = Callable[..., Any]
BUGS: list[tuple[type, str, Bug, set[str], type[LoopbackMachine]]] = []


def planted(
    where: type, method: str, *laws: str, machine: type[LoopbackMachine] = LoopbackMachine
) -> Callable[[Bug], Bug]:
    """In place of a method; the bug is given the true one first."""

    def register(bug: Bug) -> Bug:
        BUGS.append((where, method, bug, set(laws), machine))
        return bug

    return register


# --- the way out ----------------------------------------------------------------------------------


@planted(LoopbackLink, "send", "CONN-01")
def strips_zeros(true: Any, self: Any, descriptor: Any, payload: Any, **facts: Any) -> bool:
    return true(self, descriptor, memoryview(bytes(payload).rstrip(b"\0")), **facts)


@planted(GuardedLink, "send", "CONN-02", "CONN-03")
def sends_twice(true: Any, self: Any, *args: Any) -> bool:
    return true(self, *args) and true(self, *args)


@planted(GuardedLink, "send", "CONN-05", machine=ALittleRoom)
def forgets_what_there_was_no_room_for(true: Any, self: Any, *args: Any) -> bool:
    true(self, *args)
    return True


@planted(GuardedLink, "send", "CONN-05")
def forgets_what_the_link_raised_at(true: Any, self: Any, *args: Any) -> bool:
    open_before = self.is_open
    return true(self, *args) or (open_before and not self.is_open)


@planted(Gateway, "_go_on", "CONN-05")
def does_not_tell_pumps_that_the_link_is_open(true: Any, self: Any) -> None: ...


@planted(Pump, "execute", "CONN-05", machine=ALittleRoom)
def takes_the_next_one_although_one_is_in_hand(true: Any, self: Any, ctx: Any) -> None:
    self._in_hand = None
    true(self, ctx)


# --- the way in -----------------------------------------------------------------------------------


@planted(Inbound, "take", "CONN-02", "CONN-03", "CONN-04")
def hands_on_the_newest_first(true: Any, self: Any, most: int) -> Any:
    return true(self, most)[::-1]


@planted(Inbound, "new_session", "CONN-03")
def numbers_anew_after_an_outage(true: Any, self: Any) -> Any:
    self._numbers.clear()
    return true(self)


@planted(Inbound, "take", "CONN-05")
def numbers_what_is_left_and_not_what_came(true: Any, self: Any, most: int) -> Any:
    count = vars(self).setdefault("count", {})
    taken = []
    for one in true(self, most):
        number = count.get(one.channel, 0)
        count[one.channel] = number + 1
        taken.append(evolve(one, sequence=number) if one.whole else one)
    return taken


@planted(Inbound, "put", "CONN-05")
def a_full_queue_takes_nothing_and_does_not_say_so(
    true: Any, self: Any, session: int, channel: str, *args: Any, **facts: Any
) -> None:
    if self._waiting.get(channel, 0) < self.capacity:
        true(self, session, channel, *args, **facts)


# --- health ---------------------------------------------------------------------------------------


@planted(ConnectorLife, "__init__", "CONN-07")
def begins_up(true: Any, self: Any, *args: Any, **options: Any) -> None:
    true(self, *args, **options)
    self._keeper.become(Up())


@planted(ConnectorLife, "subscribe_health", "CONN-08", "CONN-17")
def has_one_subscription_for_everybody(true: Any, self: Any, *args: Any) -> Any:
    if "one" not in vars(self):
        self.one = true(self, *args)
    return self.one


@planted(Course, "broke", "CONN-09")
def does_not_try_again(true: Any, self: Any, now: int) -> None:
    true(self, now)
    self.stage = Stage.GIVEN_UP


@planted(Gateway, "_attempt", "CONN-09")
def counts_on_success(true: Any, self: Any, now: int) -> None:
    true(self, now)
    self._become(Up())


# --- refusals, damage, order, end -----------------------------------------------------------------


@planted(Connector, "_gate", "CONN-10")
def has_no_gate(true: Any, self: Any) -> None: ...


@planted(Connector, "_damaged", "CONN-14")
def does_not_report_damage(true: Any, self: Any, reason: str) -> None: ...


@planted(ConnectorLife, "register_with", "CONN-15", "CONN-10")
def forgets_ports_made_before(true: Any, self: Any, executor: Any) -> Any:
    self._channels.clear()
    return true(self, executor)


@planted(ConnectorLife, "_open", "CONN-15", "CONN-10")
def forgets_ports_made_after(true: Any, self: Any, *args: Any) -> None:
    if self._ref is None:
        true(self, *args)


@planted(ConnectorLife, "_check_open", "CONN-16")
def works_after_close(true: Any, self: Any) -> None: ...


@planted(ConnectorLife, "close", "CONN-16")
def cannot_be_closed_twice(true: Any, self: Any) -> None:
    self._check_open()
    true(self)


@pytest.mark.rule(
    "CONN-01",
    "CONN-02",
    "CONN-03",
    "CONN-05",
    "CONN-07",
    "CONN-08",
    "CONN-09",
    "CONN-10",
    "CONN-14",
    "CONN-15",
    "CONN-16",
)
@pytest.mark.parametrize("planted_bug", BUGS, ids=[bug[2].__name__ for bug in BUGS])
def test_the_machine_catches_it(
    planted_bug: tuple[type, str, Bug, set[str], type[LoopbackMachine]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    where, method, bug, laws, machine = planted_bug
    true = getattr(where, method)
    monkeypatch.setattr(where, method, lambda *args, **facts: bug(true, *args, **facts))
    caught(machine, LawBroken, laws, search=SEARCH)
