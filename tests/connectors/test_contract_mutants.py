"""Plants plausible bugs in the framework's own connector, one at a time; the machine catches each.

Whoever derives from ``Connector`` inherits the code below these bugs, and with it what they break.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import pytest
from attrs import evolve
from hypothesis import seed, settings
from hypothesis.stateful import run_state_machine_as_test

from taktora.connectors import envelope, writer
from taktora.connectors.connector import Connector
from taktora.connectors.connector_life import ConnectorLife
from taktora.connectors.course import Course, Stage
from taktora.connectors.descriptor import ChannelDescriptor
from taktora.connectors.frame_reader import FrameReader
from taktora.connectors.frame_writer import FrameWriter
from taktora.connectors.gateway import Gateway
from taktora.connectors.guarded_link import GuardedLink
from taktora.connectors.health import Degraded, Up
from taktora.connectors.health_feed import HealthFeed, HealthSubscription
from taktora.connectors.inbound import Inbound, Session
from taktora.connectors.link import Direction
from taktora.connectors.pump import Pump
from taktora.connectors.service_factory import ServiceFactory
from taktora.connectors.writer import ChannelWriter
from taktora.errors import BackPressure, LawBroken, PayloadOverflow
from tests import planting
from tests.planting import caught

from .loopback_machine import LoopbackMachine
from .narrow_machines import AtOnce, Full, Narrow, PortsFirst, SoonFull

SEARCH = settings(planting.SEARCH, stateful_step_count=40)


Plant = Callable[[pytest.MonkeyPatch], None]
BUGS: list[tuple[str, Plant, set[str], type[LoopbackMachine]]] = []


def caught_by(*laws: str, on: type[LoopbackMachine] = AtOnce) -> Callable[[Plant], Plant]:
    """A bug that breaks one of ``laws``, and which machine is to find it."""

    def register(plant: Plant) -> Plant:
        BUGS.append((plant.__name__, plant, set(laws), on))
        return plant

    return register


def nothing(*_: Any, **__: Any) -> None:
    """What a step that was forgotten does."""


# --- values, and their numbers ------------------------------------------------------------------------


@caught_by("CONN-01")
def what_is_too_large_is_cut(patch: pytest.MonkeyPatch) -> None:
    send = ChannelWriter.send
    patch.setattr(
        ChannelWriter,
        "send",
        lambda self, value, **options: send(self, value[: self.max_payload], **options),
    )


@caught_by("CONN-02", "CONN-03")
def the_queue_is_a_stack(patch: pytest.MonkeyPatch) -> None:
    take = Inbound.take
    patch.setattr(Inbound, "take", lambda self, most: take(self, most)[::-1])


@caught_by("CONN-02", "CONN-03")
def a_value_is_sent_twice(patch: pytest.MonkeyPatch) -> None:
    send = GuardedLink.send
    patch.setattr(
        GuardedLink,
        "send",
        lambda self, descriptor, frame: (
            send(self, descriptor, frame) and send(self, descriptor, frame)
        ),
    )


@caught_by("CONN-18")
def a_correlation_id_stays_for_the_next_value(patch: pytest.MonkeyPatch) -> None:
    send = GuardedLink.send

    def of_the_first(self: GuardedLink, descriptor: Any, frame: Any) -> bool:
        if frame.correlation_id is not None:
            vars(self).setdefault("first", frame.correlation_id)
        return send(self, descriptor, evolve(frame, correlation_id=vars(self).get("first")))

    patch.setattr(GuardedLink, "send", of_the_first)


@caught_by("CONN-03", on=Full)
def a_refused_value_uses_up_a_number(patch: pytest.MonkeyPatch) -> None:
    unheard = FrameWriter._unheard

    def counting(self: FrameWriter, outcome: Any) -> None:
        self._sequence += 1
        unheard(self, outcome)
        self._sequence -= 1

    patch.setattr(FrameWriter, "_unheard", counting)


@caught_by("CONN-03")
def a_session_begins_its_own_numbers(patch: pytest.MonkeyPatch) -> None:
    begin = Inbound.new_session

    def anew(self: Inbound) -> Session:
        self._numbers.clear()
        return begin(self)

    patch.setattr(Inbound, "new_session", anew)


@caught_by("CONN-04")
def gaps_are_not_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FrameReader, "_miss", nothing)


# --- losses -------------------------------------------------------------------------------------------


@caught_by("CONN-05", on=Full)
def what_there_was_no_room_for_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    execute = Pump.execute

    def forgetful(self: Pump, ctx: Any) -> None:
        execute(self, ctx)
        self._in_hand = None

    patch.setattr(Pump, "execute", forgetful)


@caught_by("CONN-05")
def pumps_are_not_told_that_the_link_is_open(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Gateway, "_go_on", nothing)


@caught_by("CONN-05", on=Full)
def nobody_is_told_that_there_is_room(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Session, "room", nothing)


@caught_by("CONN-05")
def the_way_out_overflows(patch: pytest.MonkeyPatch) -> None:
    for name in ("create_writer", "create_raw_reader"):
        create = getattr(ServiceFactory, name)

        def overflowing(self: Any, *args: Any, create: Any = create, **options: Any) -> Any:
            return create(self, *args, **{**options, "overflow": True})

        patch.setattr(ServiceFactory, name, overflowing)


@caught_by("CONN-05")
def numbers_are_given_when_values_leave_the_queue(patch: pytest.MonkeyPatch) -> None:
    take = Inbound.take
    numbers = WeakKeyDictionary[Inbound, dict[str, int]]()

    def numbering(self: Inbound, most: int) -> list[Any]:
        taken, mine = [], numbers.setdefault(self, {})
        for one in take(self, most):
            mine[one.channel] = mine.get(one.channel, -1) + 1
            taken.append(evolve(one, sequence=mine[one.channel]))
        return taken

    patch.setattr(Inbound, "take", numbering)


@caught_by("CONN-05")
def a_failed_send_counts_as_sent(patch: pytest.MonkeyPatch) -> None:
    send = GuardedLink.send
    patch.setattr(
        GuardedLink,
        "send",
        lambda self, descriptor, frame: send(self, descriptor, frame) or not self.is_open,
    )


@caught_by("CONN-06")
def a_reader_waits_for_another_channel(patch: pytest.MonkeyPatch) -> None:
    make, others = FrameReader.__init__, WeakKeyDictionary[FrameReader, Any]()

    def deaf(self: FrameReader, subscriber: Any, **options: Any) -> None:
        make(self, subscriber, **options)
        other = subscriber.node.channel("somewhere/else", bytes, max_bytes=1).subscriber()
        others[self] = other
        self.wakeup = other.wakeup

    patch.setattr(FrameReader, "__init__", deaf)


# --- health -------------------------------------------------------------------------------------------


@caught_by("CONN-07")
def one_change_has_no_event(patch: pytest.MonkeyPatch) -> None:
    emit = HealthFeed.emit
    patch.setattr(
        HealthFeed,
        "emit",
        lambda self, event: None if isinstance(event.to, Degraded) else emit(self, event),
    )


@caught_by("CONN-08")
def events_are_emitted_twice(patch: pytest.MonkeyPatch) -> None:
    emit = HealthFeed.emit
    patch.setattr(HealthFeed, "emit", lambda self, event: [emit(self, event), emit(self, event)])


@caught_by("CONN-07", "CONN-08", "CONN-17")
def only_the_first_subscription_is_told(patch: pytest.MonkeyPatch) -> None:
    living = HealthFeed._living
    patch.setattr(HealthFeed, "_living", lambda self: iter(list(living(self))[:1]))


@caught_by("CONN-09")
def it_never_tries_again(patch: pytest.MonkeyPatch) -> None:
    def give_up(self: Course, now: int) -> None:
        self.stage = Stage.GIVEN_UP

    patch.setattr(Course, "broke", give_up)


@caught_by("CONN-09")
def what_the_link_says_of_an_outage_is_lost(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Session, "down", nothing)


@caught_by("CONN-09")
def every_heartbeat_means_up(patch: pytest.MonkeyPatch) -> None:
    execute = Gateway.execute

    def optimistic(self: Gateway, ctx: Any) -> None:
        execute(self, ctx)
        self._become(Up())

    patch.setattr(Gateway, "execute", optimistic)


@caught_by("CONN-17", on=SoonFull)
def a_full_subscription_does_not_count(patch: pytest.MonkeyPatch) -> None:
    def put(self: HealthSubscription, event: Any) -> None:
        self._events.append(event)

    patch.setattr(HealthSubscription, "_put", put)


@caught_by("CONN-17", on=SoonFull)
def a_subscription_holds_everything(patch: pytest.MonkeyPatch) -> None:
    make = HealthSubscription.__init__

    def unbounded(self: HealthSubscription, capacity: int = 64) -> None:
        make(self, capacity)
        self._events = deque()

    patch.setattr(HealthSubscription, "__init__", unbounded)
    patch.setattr(HealthSubscription, "capacity", 4)


# --- refusals -----------------------------------------------------------------------------------------


@caught_by("CONN-10")
def there_is_no_gate(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Connector, "_gate", Connector._check_open)


@caught_by("CONN-11", on=Full)
def what_is_refused_is_counted(patch: pytest.MonkeyPatch) -> None:
    unheard = FrameWriter._unheard

    def counting(self: FrameWriter, outcome: Any) -> None:
        self._messages += not outcome.sent
        unheard(self, outcome)

    patch.setattr(FrameWriter, "_unheard", counting)


@caught_by("CONN-11", on=Full)
def back_pressure_stays(patch: pytest.MonkeyPatch) -> None:
    transmit, full = FrameWriter._transmit, WeakSet[FrameWriter]()

    def once(self: FrameWriter, *args: Any) -> Any:
        if self in full:
            raise BackPressure("it was full")
        try:
            return transmit(self, *args)
        except BackPressure:
            full.add(self)
            raise

    patch.setattr(FrameWriter, "_transmit", once)


@caught_by("CONN-12")
def sizes_include_the_header(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        writer,
        "PayloadOverflow",
        lambda actual, maximum: PayloadOverflow(
            actual + envelope.HEADER_SIZE, maximum + envelope.HEADER_SIZE
        ),
    )


@caught_by("CONN-13")
def descriptors_are_not_checked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ChannelDescriptor, "__attrs_post_init__", nothing)


# --- damage, order, the end ---------------------------------------------------------------------------


@caught_by("CONN-14")
def the_checksum_is_of_no_consequence(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(envelope, "crc32", lambda *_: 0)


@caught_by("CONN-14")
def damage_is_not_reported(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Connector, "_damaged", nothing)


@caught_by("CONN-14")
def damage_is_counted_twice(patch: pytest.MonkeyPatch) -> None:
    reject = FrameReader._reject
    patch.setattr(FrameReader, "_reject", lambda self, why: reject(self, why) and reject(self, why))


@caught_by("CONN-15", on=PortsFirst)
def readers_made_before_it_is_registered_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    want = ConnectorLife._want

    def careless(self: ConnectorLife, descriptor: Any, direction: Direction) -> None:
        if self._gateway is not None or direction is Direction.OUT:
            want(self, descriptor, direction)

    patch.setattr(ConnectorLife, "_want", careless)


@caught_by("CONN-15")
def readers_made_after_it_was_registered_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Gateway, "open_in", nothing)


@caught_by("CONN-16")
def closing_leaves_the_ports_open(patch: pytest.MonkeyPatch) -> None:
    close = ConnectorLife.close

    def shallow(self: ConnectorLife) -> None:
        self._ports.clear()
        close(self)

    patch.setattr(ConnectorLife, "close", shallow)


@caught_by("CONN-16")
def ports_can_be_made_after_closing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ConnectorLife, "_check_open", nothing)


@caught_by("CONN-16")
def closing_twice_raises(patch: pytest.MonkeyPatch) -> None:
    close = ConnectorLife.close
    patch.setattr(ConnectorLife, "close", lambda self: (self._check_open(), close(self)))


@pytest.mark.parametrize(
    ("plant", "laws", "machine"), [one[1:] for one in BUGS], ids=[one[0] for one in BUGS]
)
def test_the_machine_catches_it(
    plant: Plant,
    laws: set[str],
    machine: type[LoopbackMachine],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch)
    caught(machine, LawBroken, laws, search=SEARCH)


@pytest.mark.parametrize("machine", [Narrow, PortsFirst, AtOnce, Full, SoonFull])
def test_it_finds_nothing_where_nothing_is_planted(machine: type[LoopbackMachine]) -> None:
    run_state_machine_as_test(seed(0)(machine), settings=settings(SEARCH, max_examples=40))


def test_every_law_has_a_bug_that_it_catches() -> None:
    assert set().union(*(one[2] for one in BUGS)) == {f"CONN-{n:02}" for n in range(1, 19)}
