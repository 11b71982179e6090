"""The short way to the contract's test: a connector and its outside, and bugs that it still finds."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from attrs import frozen
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from taktora.connectors import (
    ChannelDescriptor,
    Connector,
    JsonCodec,
    LoopbackConnector,
    RawCodec,
)
from taktora.connectors.frame_writer import FrameWriter
from taktora.connectors.gateway import Gateway
from taktora.connectors.inbound import Inbound
from taktora.connectors.loopback_link import LoopbackLink
from taktora.connectors.service_factory import INWARD
from taktora.connectors.writer import ChannelWriter
from taktora.errors import LawBroken, TaktoraError, WrongType
from taktora.testing import LoopbackOutside, connector_test
from tests.conftest import leftovers


def lab(world: Any, **options: Any) -> LoopbackConnector:
    return LoopbackConnector("lab", world, codec=RawCodec(), **options)


SHORT = settings(
    max_examples=200,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
"""What is found is not made smaller."""

TestSimulated = connector_test(lab, LoopbackOutside, simulated=True)
TestInRealTime = connector_test(lab, LoopbackOutside, settings=settings(SHORT, max_examples=15))
TestALittleRoom = connector_test(
    lab, lambda: LoopbackOutside(room=3), simulated=True, settings=settings(SHORT, max_examples=30)
)


def broken(case: Any) -> LawBroken:
    """The law that ``case`` finds broken."""
    with pytest.raises(LawBroken) as caught:
        case("runTest").runTest()
    return caught.value


# --- what it still finds ------------------------------------------------------------------------------


def what_is_too_large_is_cut(patch: pytest.MonkeyPatch) -> None:
    send = ChannelWriter.send
    patch.setattr(
        ChannelWriter,
        "send",
        lambda self, value, **options: send(self, value[: self.max_payload], **options),
    )


def readers_made_after_it_was_registered_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Gateway, "open_in", lambda *_: None)


def the_queue_is_a_stack(patch: pytest.MonkeyPatch) -> None:
    take = Inbound.take
    patch.setattr(Inbound, "take", lambda self, most: take(self, most)[::-1])


def every_fifth_value_is_swallowed(patch: pytest.MonkeyPatch) -> None:
    send = LoopbackLink.send

    def careless(self: LoopbackLink, *args: Any, sequence: int, **facts: Any) -> bool:
        return sequence % 5 == 4 or send(self, *args, sequence=sequence, **facts)

    patch.setattr(LoopbackLink, "send", careless)


def nobody_is_woken(patch: pytest.MonkeyPatch) -> None:
    make = FrameWriter.__init__

    def quiet(self: FrameWriter, publisher: Any, *args: Any, **options: Any) -> None:
        make(self, publisher, *args, **options)
        if publisher.name.endswith(INWARD):
            publisher._notify = lambda: 0

    patch.setattr(FrameWriter, "__init__", quiet)


def a_bad_descriptor_degrades_it(patch: pytest.MonkeyPatch) -> None:
    check, make = ChannelDescriptor.__attrs_post_init__, Connector.__init__
    made: list[Connector] = []

    def known(self: Connector, *args: Any, **options: Any) -> None:
        make(self, *args, **options)
        made[:] = [self]

    def touchy(self: ChannelDescriptor[Any]) -> None:
        try:
            check(self)
        except TaktoraError:
            made[0]._damaged("what was that?")
            raise

    patch.setattr(Connector, "__init__", known)
    patch.setattr(ChannelDescriptor, "__attrs_post_init__", touchy)


@pytest.mark.parametrize(
    ("plant", "simulated", "laws"),
    [
        (what_is_too_large_is_cut, True, {"CONN-01"}),
        (readers_made_after_it_was_registered_are_forgotten, True, {"CONN-14", "CONN-15"}),
        (the_queue_is_a_stack, True, {"CONN-02", "CONN-03"}),
        (every_fifth_value_is_swallowed, True, {"CONN-05"}),
        (every_fifth_value_is_swallowed, False, {"CONN-05"}),
        (nobody_is_woken, False, {"CONN-06"}),
        (a_bad_descriptor_degrades_it, False, {"CONN-13"}),
    ],
)
def test_a_bug_is_found(
    plant: Callable[[pytest.MonkeyPatch], None],
    simulated: bool,
    laws: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch)
    case = connector_test(lab, LoopbackOutside, simulated=simulated, patience=0.2, settings=SHORT)
    assert broken(case).rule_id in laws


# --- what can be said -------------------------------------------------------------------------------


class Numbers(LoopbackOutside):
    """Outside are numbers, as JSON."""

    def send(self, channel: str, value: Any, **options: Any) -> bool:
        data = value if isinstance(value, bytes) else JsonCodec().dumps(value)
        return super().send(channel, data, **options)

    def received(self, channel: str) -> list[Any]:
        return [JsonCodec().decode(memoryview(one.value), int) for one in super().received(channel)]


@frozen
class Register:
    """A routing."""

    name: str
    is_routing: ClassVar[bool] = True

    def __attrs_post_init__(self) -> None:
        assert self.name.isidentifier(), "a plain word"


@pytest.mark.parametrize("values", [{"values": int}, {"values": st.integers(), "value_type": int}])
def test_values_channels_and_routings_are_what_it_is_told(values: dict[str, Any]) -> None:
    routings: set[str] = set()
    kinds: set[Any] = set()

    class Routed(LoopbackConnector):
        Routing = Register

        def create_reader(self, descriptor: Any, type: Any, **options: Any) -> Any:
            routings.add(f"{descriptor.name}: {descriptor.routing.name}")
            kinds.add(type)
            return super().create_reader(descriptor, type, **options)

    def make(world: Any, **options: Any) -> LoopbackConnector:
        return Routed("lab", world, **options)

    case: Any = connector_test(
        make,
        Numbers,
        **values,
        in_channels=("speed", "heat"),
        routing=Register,
        simulated=True,
        settings=settings(SHORT, max_examples=30),
    )
    case("runTest").runTest()
    assert routings >= {"speed: speed", "heat: heat"}
    assert kinds == {int}


class Forgetful(LoopbackOutside):
    """What is under way when the line is cut is gone, and nobody has counted it."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way: deque[Any] = deque(maxlen=1)

    def put(self, channel: str, parcel: Any) -> None:
        if self.under_way:
            super().put(*self.under_way.pop())
        self.under_way.append((channel, parcel))

    def received(self, channel: str) -> list[Any]:
        if self.under_way and not self._cut:
            super().put(*self.under_way.pop())
        return super().received(channel)

    def cut(self, reason: str = "cut") -> None:
        self.under_way.clear()
        super().cut(reason)


def test_what_a_connector_says_of_itself_is_heeded() -> None:
    honest: Any = connector_test(
        lab,
        Forgetful,
        simulated=True,
        link_loses_silently=True,
        settings=settings(SHORT, max_examples=30),
    )
    honest("runTest").runTest()
    silent = connector_test(lab, Forgetful, simulated=True, patience=0.5, settings=SHORT)
    assert broken(silent).rule_id == "CONN-05"


def test_every_outside_is_closed_and_nothing_is_left() -> None:
    made: list[Closable] = []

    class Closable(LoopbackOutside):
        closed = 0

        def __init__(self) -> None:
            super().__init__()
            made.append(self)

        def close(self) -> None:
            self.closed += 1

    case: Any = connector_test(lab, Closable, settings=settings(SHORT, max_examples=5))
    case("runTest").runTest()
    assert len(made) >= 5
    assert {one.closed for one in made} == {1}
    assert leftovers(f"connector-test-{os.getpid()}") == []


# --- mistakes ---------------------------------------------------------------------------------------


def test_what_is_no_outside_is_refused_by_what_it_lacks() -> None:
    class Mute:
        def received(self, channel: str) -> list[Any]:
            return []

        def cut(self) -> None: ...

    case: Any = connector_test(lab, Mute, simulated=True, settings=settings(SHORT, max_examples=1))
    with pytest.raises(WrongType, match="is no Outside: it has no send, mend"):
        case("runTest").runTest()


@pytest.mark.parametrize(
    ("connector", "outside", "what"),
    [(lab, LoopbackOutside(), "outside"), ("lab", LoopbackOutside, "connector")],
)
def test_what_cannot_be_called_is_refused_at_once(connector: Any, outside: Any, what: str) -> None:
    with pytest.raises(WrongType, match=f"{what} must be callable"):
        connector_test(connector, outside)
