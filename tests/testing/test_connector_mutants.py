"""Plants plausible bugs in the reference connector, one at a time; each is caught by the law it breaks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from hypothesis import settings

from taktora.errors import LawBroken
from tests import planting
from tests.planting import caught

from . import reference_connector as ref
from .reference_connector import Broken, Connecting, Degraded, Reference, ReferenceMachine, Up

SEARCH = settings(planting.SEARCH, stateful_step_count=40)

BUGS: list[tuple[type[Reference], set[str]]] = []


def caught_by(*laws: str) -> Callable[[type[Reference]], type[Reference]]:
    def register(kind: type[Reference]) -> type[Reference]:
        BUGS.append((kind, set(laws)))
        return kind

    return register


# --- values ---------------------------------------------------------------------------------------


@caught_by("CONN-01")
class StripsZeros(Reference):
    def take_in(self, channel: str, value: bytes, whole: bool) -> None:
        super().take_in(channel, value.rstrip(b"\0"), whole)


@caught_by("CONN-01")
class TruncatesWhatIsTooLarge(Reference):
    class Writer(ref.Writer):
        def send(self, value: bytes, **options: Any) -> Any:
            return super().send(value[: self.descriptor.max_payload], **options)


@caught_by("CONN-02")
class SwapsTwoThatWait(Reference):
    def exchange(self) -> None:
        if len(waiting := self.world.to_plugin) >= 2:
            waiting[0], waiting[1] = waiting[1], waiting[0]
        super().exchange()


@caught_by("CONN-02", "CONN-03")
class SendsTheLastOneAgainAfterAnOutage(Reference):
    last: Any = None

    def exchange(self) -> None:
        self.last = self.outbox[-1] if self.outbox else self.last
        super().exchange()

    def reconnected(self) -> None:
        if self.last:
            self.outbox.appendleft(self.last)


@caught_by("CONN-18")
class LosesTheCorrelationId(Reference):
    class Writer(ref.Writer):
        def send(self, value: bytes, *, correlation_id: bytes | None = None) -> Any:
            return super().send(value, correlation_id=correlation_id and b"\1" * 32)


# --- numbers --------------------------------------------------------------------------------------


@caught_by("CONN-03")
class NumbersRestartAfterAnOutage(Reference):
    def reconnected(self) -> None:
        self.numbers.clear()


@caught_by("CONN-03")
class NumbersStartAtOne(Reference):
    def take_in(self, channel: str, value: bytes, whole: bool) -> None:
        self.numbers.setdefault(channel, 1)
        super().take_in(channel, value, whole)


NUMBERS: dict[str, int] = {}


@caught_by("CONN-03")
class NumbersGoOnInTheNextOne(Reference):
    def __init__(self, world: ref.World) -> None:
        super().__init__(world, numbers=NUMBERS)


@caught_by("CONN-03")
class ARefusedValueUsesUpANumber(Reference):
    class Writer(ref.Writer):
        def send(self, value: bytes, **options: Any) -> Any:
            try:
                return super().send(value, **options)
            except ref.PayloadOverflow:
                self.sequence += 1
                raise


@caught_by("CONN-03")
class WritersOfAChannelShareTheirNumbers(Reference):
    class Writer(ref.Writer):
        def send(self, value: bytes, **options: Any) -> Any:
            mine = [one for one in self.connector.writers if one.descriptor is self.descriptor]
            self.sequence = max(one.sequence for one in mine)
            return super().send(value, **options)


@caught_by("CONN-04")
class GapsAreNotReported(Reference):
    class Reader(ref.Reader):
        def stats(self) -> Any:
            return evolve(super().stats(), gaps=0)


# --- losses ---------------------------------------------------------------------------------------


@caught_by("CONN-05")
class LosesTheFirstFrameAfterAnOutage(Reference):
    fresh = False

    def reconnected(self) -> None:
        self.fresh = bool(self.world.arrived)

    def exchange(self) -> None:
        if self.fresh and self.outbox:
            self.outbox.popleft()
            self.fresh = False
        super().exchange()


@caught_by("CONN-05")
class LosesTheFirstFrameFromOutsideAfterAnOutage(Reference):
    fresh = False

    def reconnected(self) -> None:
        self.fresh = bool(self.numbers)

    def exchange(self) -> None:
        if self.fresh and self.world.to_plugin:
            self.world.to_plugin.popleft()
            self.fresh = False
        super().exchange()


@caught_by("CONN-05")
class DropsWithoutCounting(Reference):
    def link_is_broken(self) -> None:
        self.outbox.clear()
        super().link_is_broken()


@caught_by("CONN-05")
class CountsWhatArrivedAsDropped(Reference):
    def link_is_broken(self) -> None:
        for writer, frame in self.outbox:
            self.world.receive(writer.descriptor.name, frame)
        super().link_is_broken()


@caught_by("CONN-05")
class ASlowReaderLosesTheNewest(Reference):
    class Reader(ref.Reader):
        def deliver(self, frame: bytes) -> None:
            if len(self.buffer) < self.connector.BUFFER:
                super().deliver(frame)


@caught_by("CONN-06")
class NobodyIsWoken(Reference):
    class Reader(ref.Reader):
        def deliver(self, frame: bytes) -> None:
            self.buffer.append(frame)


# --- health ---------------------------------------------------------------------------------------


@caught_by("CONN-07")
class StartsUp(Reference):
    def __init__(self, world: ref.World) -> None:
        super().__init__(world, health=Up())


@caught_by("CONN-07")
class JumpsFromDownToUp(Reference):
    def pump(self) -> None:
        if self.registered and self.world.link and type(self.health) is Broken:
            self.become(Up())
        super().pump()


@caught_by("CONN-07")
class ChangesWithoutAnEvent(Reference):
    def link_is_broken(self) -> None:
        if type(self.health) is Up:
            self.health = Degraded("shaky")
        super().link_is_broken()


@caught_by("CONN-08")
class EmitsTwice(Reference):
    def become(self, health: object) -> None:
        super().become(health)
        for subscription in self.subscriptions:
            subscription.put(subscription.events[-1])


@caught_by("CONN-08", "CONN-17")
class SubscriptionsCompete(Reference):
    def subscribe_health(self) -> Any:
        if not self.subscriptions:
            return super().subscribe_health()
        self.check_open()
        return self.subscriptions[0]


@caught_by("CONN-09")
class DoesNotNoticeThatTheLinkBroke(Reference):
    def link_is_broken(self) -> None: ...


@caught_by("CONN-09")
class NeverComesBack(Reference):
    def link_is_broken(self) -> None:
        super().link_is_broken()
        self.retry_at = float("inf")


@caught_by("CONN-09")
class IsUpWhenItOnlyTries(Reference):
    def link_is_broken(self) -> None:
        super().link_is_broken()
        if type(self.health) is Connecting:
            self.become(Up())
            self.become(Degraded("no answer"))
            self.become(Up())


# --- refusals -------------------------------------------------------------------------------------


@caught_by("CONN-10")
class AcceptsWhileDown(Reference):
    class Writer(ref.Writer):
        def send(self, value: bytes, **options: Any) -> Any:
            health = self.connector.health
            self.connector.health = Up()
            try:
                return super().send(value, **options)
            finally:
                self.connector.health = health


@caught_by("CONN-10")
class IsDownAfterAnyOutage(Reference):
    class Writer(ref.Writer):
        def send(self, value: bytes, **options: Any) -> Any:
            if self.connector.retry_at:
                raise ref.Down("there was an outage")
            return super().send(value, **options)


@caught_by("CONN-11")
class CountsWhatItRefused(Reference):
    class Writer(ref.Writer):
        def send(self, value: bytes, **options: Any) -> Any:
            try:
                return super().send(value, **options)
            except ref.BackPressure:
                self.numbers.messages += 1
                raise


@caught_by("CONN-11")
class OnceFullAlwaysFull(Reference):
    class Writer(ref.Writer):
        full = False

        def send(self, value: bytes, **options: Any) -> Any:
            self.full = self.full or len(self.connector.outbox) >= self.connector.OUTBOX
            if self.full:
                raise ref.BackPressure("full")
            return super().send(value, **options)


@caught_by("CONN-12")
class SaysTheWrongSize(Reference):
    class Writer(ref.Writer):
        def send(self, value: bytes, **options: Any) -> Any:
            try:
                return super().send(value, **options)
            except ref.PayloadOverflow as error:
                raise ref.PayloadOverflow(error.maximum, error.maximum) from error


@caught_by("CONN-13")
class TakesAnyDescriptor(Reference):
    pass


@caught_by("CONN-13")
class ABadDescriptorBringsItDown(Reference):
    pass


# --- damage ---------------------------------------------------------------------------------------


def trusting(frame: bytes) -> tuple[int, bytes, bytes]:
    sequence, correlation_id, _ = ref.HEADER.unpack_from(frame)
    return sequence, correlation_id, frame[ref.HEADER.size :]


@caught_by("CONN-14")
class PassesOnWhatIsDamaged(Reference):
    class Reader(ref.Reader):
        def try_recv(self) -> Any:
            if not self.buffer or ref.unframed(self.buffer[0]):
                return super().try_recv()
            self.connector.check_open()
            sequence, _, value = trusting(self.buffer.popleft())
            return ref.Received(value, sequence)


@caught_by("CONN-14")
class DoesNotCountWhatIsDamaged(Reference):
    class Reader(ref.Reader):
        def stats(self) -> Any:
            return evolve(super().stats(), crc_errors=0)


@caught_by("CONN-14")
class DoesNotReportWhatIsDamaged(Reference):
    def damaged(self) -> None: ...


# --- order, and the end ---------------------------------------------------------------------------


@caught_by("CONN-15")
class ForgetsReadersMadeBeforeItIsRegistered(Reference):
    def register_with(self, executor: Any) -> None:
        super().register_with(executor)
        self.readers.clear()


@caught_by("CONN-15")
class WritersMadeAfterItIsRegisteredSendNowhere(Reference):
    late: Any = ()

    def register_with(self, executor: Any) -> None:
        super().register_with(executor)
        self.late = list(self.writers)

    def exchange(self) -> None:
        self.outbox = deque(one for one in self.outbox if one[0] in self.late)
        super().exchange()


@caught_by("CONN-16")
class SendsAfterClose(Reference):
    class Writer(ref.Writer):
        def send(self, value: bytes, **options: Any) -> Any:
            return ref.Outcome() if self.connector.closed else super().send(value, **options)


@caught_by("CONN-16")
class ReadsAfterClose(Reference):
    class Reader(ref.Reader):
        def try_recv(self) -> Any:
            return None if self.connector.closed else super().try_recv()


@caught_by("CONN-16")
class CreatesAfterClose(Reference):
    def check_open(self) -> None: ...


@caught_by("CONN-16")
class ClosingTwiceRaises(Reference):
    def close(self) -> None:
        self.check_open()
        super().close()


@caught_by("CONN-17")
class ASubscriptionHoldsEverything(Reference):
    class Subscription(ref.Subscription):
        def put(self, event: Any) -> None:
            self.events.append(event)


@caught_by("CONN-17")
class ASubscriptionDropsWithoutCounting(Reference):
    class Subscription(ref.Subscription):
        def put(self, event: Any) -> None:
            super().put(event)
            self.dropped = 0


@caught_by("CONN-17")
class ASubscriptionDropsTheNewest(Reference):
    class Subscription(ref.Subscription):
        def put(self, event: Any) -> None:
            if len(self.events) < self.capacity:
                super().put(event)
            else:
                self.dropped += 1


@caught_by("CONN-17")
class AFullSubscriptionStopsTheConnector(Reference):
    stuck = False

    def pump(self) -> None:
        if any(len(one.events) >= one.capacity for one in self.subscriptions):
            return
        super().pump()


def machine_of(kind: type[Reference]) -> type[ReferenceMachine]:
    class Machine(ReferenceMachine):
        make = kind

        def descriptor(self, name: str, max_payload: int) -> Any:
            if max_payload >= 1 and name:
                return ref.Descriptor(name, max_payload)
            if kind is TakesAnyDescriptor:
                return ref.Descriptor("x", 64)
            if kind is ABadDescriptorBringsItDown and type(self.link.health) is Up:
                self.link.become(Broken("bad descriptor"))
            return super().descriptor(name, max_payload)

    return Machine


@pytest.mark.rule(
    "CONN-01",
    "CONN-02",
    "CONN-03",
    "CONN-04",
    "CONN-05",
    "CONN-06",
    "CONN-07",
    "CONN-08",
    "CONN-09",
    "CONN-10",
    "CONN-11",
    "CONN-12",
    "CONN-13",
    "CONN-14",
    "CONN-15",
    "CONN-16",
    "CONN-17",
    "CONN-18",
)
@pytest.mark.parametrize(("kind", "laws"), BUGS, ids=[kind.__name__ for kind, _ in BUGS])
def test_the_machine_catches_it(kind: type[Reference], laws: set[str]) -> None:
    caught(machine_of(kind), LawBroken, laws, search=SEARCH)


def test_every_law_has_a_bug_that_it_catches() -> None:
    assert set().union(*(laws for _, laws in BUGS)) == {f"CONN-{n:02}" for n in range(1, 19)}
