"""A connector that keeps the contract passes the machine, on whatever it runs."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

import taktora
from taktora.errors import LawBroken
from taktora.testing.connector_machine import ConnectorMachine
from taktora.testing.connector_waiting import Wakeups
from taktora.testing.simulated import SimulatedExecutor
from tests.planting import caught

from . import reference_connector
from .reference_connector import Reference, ReferenceMachine


def thoroughly(examples: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=40,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )


TestReference = ReferenceMachine.TestCase
TestReference.settings = thoroughly(200)


class NobodyCanTellWhatIsUnderWay(ReferenceMachine):
    """As with a connector that is driven by somebody else: only time helps."""

    def settle(self) -> bool:
        return False


TestNobodyCanTell = NobodyCanTellWhatIsUnderWay.TestCase
TestNobodyCanTell.settings = thoroughly(100)


class OnASimulatedExecutor(ReferenceMachine):
    """Driven by an item, in virtual time; the machine's own ways of waiting."""

    settle = ConnectorMachine.settle
    pass_time = ConnectorMachine.pass_time

    def open(self) -> Reference:
        self.executor = SimulatedExecutor()
        return super().open()

    def register(self, connector: Any) -> None:
        super().register(connector)

        @taktora.every(0.01)
        def pump(ctx: taktora.Context) -> None:
            connector.now = ctx.now_ns / 1e9
            connector.pump()

        self.executor.add(pump)

    def shut(self) -> None:
        if self.executor is not None:
            self.executor.close()


TestOnASimulatedExecutor = OnASimulatedExecutor.TestCase
TestOnASimulatedExecutor.settings = thoroughly(30)


class Locked(Reference):
    """Driven by another thread than that of the plug-in."""

    class Writer(reference_connector.Writer):
        def send(self, value: bytes, **options: Any) -> Any:
            with self.connector.lock:
                return super().send(value, **options)

    class Reader(reference_connector.Reader):
        def try_recv(self) -> Any:
            with self.connector.lock:
                return super().try_recv()

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self.lock = threading.Lock()

    def pump(self) -> None:
        with self.lock:
            super().pump()


def test_a_connector_on_a_real_executor_passes(domain: str) -> None:
    class OnARealExecutor(ReferenceMachine):
        make = Locked
        settle = ConnectorMachine.settle
        pass_time = ConnectorMachine.pass_time
        patience = 10.0  # of which hardly any is used
        pauses = (0.001, 0.01)

        def open(self) -> Reference:
            self.executor = taktora.Executor(domain=domain)
            self.runner: taktora.Runner | None = None
            return super().open()

        def break_link(self) -> None:
            with self.link.lock:
                super().break_link()

        def register(self, connector: Any) -> None:
            super().register(connector)

            @taktora.every(0.001)
            def pump(ctx: taktora.Context) -> None:
                connector.now = ctx.now_ns / 1e9
                connector.pump()

            self.executor.add(pump)
            self.runner = taktora.Runner(self.executor)

        def shut(self) -> None:
            if self.runner is not None:
                self.runner.stop()
            self.executor.close()

    run_state_machine_as_test(
        OnARealExecutor, settings=settings(thoroughly(15), stateful_step_count=20, database=None)
    )


# --- what a connector may say of itself -----------------------------------------------------------


class Unacknowledged(Reference):
    """Whether anything arrived nobody knows, so what the link loses is not counted."""

    def link_is_broken(self) -> None:
        self.outbox.clear()
        super().link_is_broken()


class UnacknowledgedMachine(ReferenceMachine):
    make = Unacknowledged
    link_loses_silently = True


TestUnacknowledged = UnacknowledgedMachine.TestCase
TestUnacknowledged.settings = thoroughly(100)


class ProcessImage(Reference):
    """Only the latest value of each writer crosses the link."""

    def exchange(self) -> None:
        latest = dict(self.outbox)
        self.outbox.clear()
        self.outbox.extend(latest.items())
        super().exchange()


class StaleImage(ProcessImage):
    def exchange(self) -> None:
        while len(self.outbox) > 1:
            self.outbox.pop()
        super().exchange()


class ImageMachine(ReferenceMachine):
    make = ProcessImage
    latest_only = True
    link_loses_silently = True
    ports_per_channel = 1


TestProcessImage = ImageMachine.TestCase
TestProcessImage.settings = thoroughly(100)


class StaleImageMachine(ImageMachine):
    make = StaleImage


@pytest.mark.parametrize(
    ("make", "machine"), [(Unacknowledged, ReferenceMachine), (ProcessImage, ReferenceMachine)]
)
def test_what_is_not_said_is_not_excused(make: type[Reference], machine: type[Any]) -> None:
    strict = type("Strict", (machine,), {"make": make})
    caught(strict, LawBroken, {"CONN-03", "CONN-05"})


def test_a_process_image_that_misses_the_latest_value_is_caught() -> None:
    caught(StaleImageMachine, LawBroken, {"CONN-05"})


@pytest.mark.parametrize(
    "method", ["open", "outside_send", "outside_received", "break_link", "mend_link"]
)
def test_what_a_subclass_has_to_give_is_said(method: str) -> None:
    arguments: dict[str, Any] = {"outside_send": ("a", b"")}
    machine = ConnectorMachine()
    with pytest.raises(NotImplementedError, match=f"ConnectorMachine must define {method}"):
        getattr(machine, method)(*arguments.get(method, ("a",) * (method == "outside_received")))


def test_an_item_that_waits_for_a_port_counts_the_wake_ups_of_its_reader() -> None:
    rig = ConnectorMachine()
    with SimulatedExecutor() as executor:
        rig.executor = executor
        channel = executor.channel("in/a", bytes)
        writer, reader = channel.publisher(), channel.subscriber()
        wakeups = rig.wakeups(reader)  # type: ignore[arg-type]
        assert isinstance(wakeups, Wakeups)
        assert rig.settle()
        assert wakeups() == 0
        writer.send_copy(b"1")
        assert rig.wait_until(lambda: wakeups() == 1)
        assert not rig.wait_until(lambda: wakeups() == 2)
        wakeups.stop()
        assert rig.wakeups(object()) is None  # type: ignore[arg-type]
        reader.close()
        rig.settle()
