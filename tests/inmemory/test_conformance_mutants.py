"""Plants plausible bugs in the in-memory transport, one at a time; the machine must find each."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

from taktora.inmemory import blocks, events, exchanges, names, requests, topics, wires
from tests import planting
from tests.planting import caught

from .test_conformance import ConformanceMachine
from .twins import Disagreement

SEARCH = settings(planting.SEARCH, stateful_step_count=40)

push = wires.Lane.push
receive = wires.Receiver.receive
connect = topics.Topic.connect
take_slot = exchanges.Slots.take


def one_more_waits(self, moment, item, size, *, overflow):
    return push(self, moment, item, size + 1, overflow=overflow)


def the_newest_is_dropped(self, moment, item, size, *, overflow):
    if len(self.waiting) >= size and overflow:
        self.waiting.pop()
    return push(self, moment, item, size, overflow=overflow)


def a_full_buffer_takes_it_anyway(self, moment, item, size, *, overflow):
    push(self, moment, item, size, overflow=overflow)
    return True


def one_less_of_the_history(self, sender, taker):
    connect(self, sender, taker)
    if sender.wires[-1][1].lanes[0].waiting:
        sender.wires[-1][1].lanes[0].waiting.popleft()


def nothing_is_given_back(self):
    pass


def nothing_is_counted_as_held(self, block, lane, owner):
    take(self, block, lane, owner)
    lane.borrowed -= 1
    self._lane = type(lane)()


take = blocks.Taken.__init__


def told_once(self):
    told = [one() for one in self._listeners]
    for listener in told:
        listener.pending = 1
    return len(told)


def told_but_not_counted(self):
    notify(self)
    return 1


notify = events.Notifier.notify


def the_latest_first(self, number=0):
    for wire in self.wires:
        if (lane := wire.lanes.get(number)) is not None:
            lane.waiting.reverse()
    try:
        return receive(self, number)
    finally:
        for wire in self.wires:
            if (lane := wire.lanes.get(number)) is not None:
                lane.waiting.reverse()


def finishing_closes_nothing(self):
    blocks.Taken.__del__(self)


def what_a_closed_sender_sent_is_lost(self, wire):
    self.wires.remove(wire)


def every_request_may_be_open(self):
    self._asking.active, was = 0, self._asking.active
    asking = self._asking
    try:
        return send(self)
    finally:
        asking.active += was


send = requests._Loan.send


def giving_up_is_not_heard(self):
    self._asking.active -= 1
    self._asking.free_lanes.append(self._lane)


def the_first_server_only(self):
    outgoing = self._asking.outgoing
    kept = dict(list(outgoing.items())[1:])
    for slot in kept:
        del outgoing[slot]
    try:
        return send(self)
    finally:
        outgoing.update(kept)


def held_for_good(self, name):
    self._name, self.of = name, name.of
    KEPT.append(self)


KEPT: list[Any] = []

MUTANTS: list[tuple[type, str, Callable[..., Any]]] = [
    (wires.Lane, "push", one_more_waits),
    (wires.Lane, "push", the_newest_is_dropped),
    (wires.Lane, "push", a_full_buffer_takes_it_anyway),
    (topics.Topic, "connect", one_less_of_the_history),
    (blocks.Taken, "__del__", nothing_is_given_back),
    (blocks.Taken, "__init__", nothing_is_counted_as_held),
    (topics._Loan, "__del__", nothing_is_given_back),
    (topics.RawPublisher, "__del__", nothing_is_given_back),
    (topics.RawSubscriber, "__del__", nothing_is_given_back),
    (events.Notifier, "notify", told_once),
    (events.Notifier, "notify", told_but_not_counted),
    (wires.Receiver, "receive", the_latest_first),
    (wires.Receiver, "expire", what_a_closed_sender_sent_is_lost),
    (exchanges.RawRequest, "__del__", finishing_closes_nothing),
    (requests._Loan, "send", every_request_may_be_open),
    (requests._Loan, "send", the_first_server_only),
    (requests.RawPending, "__del__", giving_up_is_not_heard),
    (names.Membership, "__init__", held_for_good),
]


ABOUT_SERVICES = (exchanges.RawRequest, requests._Loan, requests.RawPending)


@pytest.mark.rule("INMEM-02")
@pytest.mark.parametrize(
    ("owner", "name", "bug"), MUTANTS, ids=[f"{o.__name__}: {b.__name__}" for o, _, b in MUTANTS]
)
def test_the_machine_finds(owner, name, bug, domain, monkeypatch):
    class Machine(ConformanceMachine):
        pass

    Machine.domain = domain
    Machine.about = ("services",) if owner in ABOUT_SERVICES else ("channels",)
    monkeypatch.setattr(owner, name, bug)
    try:
        caught(Machine, Disagreement, search=SEARCH)
    finally:
        KEPT.clear()
        gc.collect()
