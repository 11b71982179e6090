"""The connector contract, where only the latest value counts: a bus in memory, in virtual time."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from taktora.connectors import ChannelDescriptor, ExponentialBackoff
from taktora.connectors.ethercat.connector import EthercatConnector
from taktora.connectors.ethercat.mock import MockBusDriver
from taktora.connectors.ethercat.mock_subdevice import MockSubDevice
from taktora.connectors.ethercat.routing import Direction, EthercatRouting
from taktora.testing import ConnectorMachine, SimulatedExecutor
from taktora.testing.laws import LawBroken

from .bench import options

CYCLE = 0.01
NOBODYS = 0
"""What a field holds that nobody has commanded, or sent."""


class BusMachine(ConnectorMachine):
    """Each channel is a field of its own SubDevice, across bytes.

    Both ways values are told in each cycle: bits that are set to what they are cannot be seen to be.
    """

    values: ClassVar[Any] = st.integers(1, 2**32 - 1)
    value_type = int
    max_payloads: ClassVar[Any] = st.sampled_from([3, 4, 64])
    patience = 20.0
    latest_only = True
    link_loses_silently = True

    def open(self) -> EthercatConnector:
        self.executor = SimulatedExecutor()
        self.executor.start()
        self.places = {name: n for n, name in enumerate((*self.out_channels, *self.in_channels), 1)}
        self.arrived: dict[str, list[int]] = {name: [] for name in self.out_channels}
        self.driver = MockBusDriver(
            *(
                MockSubDevice(output_bits=40, input_bits=40, behaviour=self.note(name))
                for name in self.places
            )
        )
        return EthercatConnector(
            "bus",
            options=options(cycle_time=CYCLE, lost_frames=10, publish="cycle"),
            driver=self.driver,
            node=self.executor,
            queue=16,
            reconnect=ExponentialBackoff(0.05, 0.2, seed=1),
        )

    def begin(self) -> None:
        """An input is told as it is, also if nobody outside has done anything yet."""
        super().begin()
        for history in self._history.values():
            history.append(NOBODYS)

    def note(self, name: str) -> Any:
        def behaviour(outputs: memoryview, _: memoryview) -> None:
            value = int.from_bytes(outputs, "little") >> 5 & 0xFFFFFFFF
            arrived = self.arrived.get(name)
            if arrived is not None and value != NOBODYS:
                arrived.append(value)  # in each cycle: whether it was sent anew cannot be seen

        return behaviour

    def descriptor(self, name: str, max_payload: int) -> Any:
        where = Direction.TX if name.startswith("in") else Direction.RX
        safe = {} if where is Direction.TX else {"safe": "hold"}
        routing = EthercatRouting(self.places.get(name, 1), where, 5, 32, **safe)
        return ChannelDescriptor(name, routing, max_payload)

    def settle(self) -> bool:
        self.executor.run_until_idle()
        self.executor.advance(2 * CYCLE)  # a value that has come goes out with the next cycle
        return True

    def outside_send(self, channel: str, value: int) -> None:
        self.driver.set_inputs(self.places[channel], (value << 5).to_bytes(5, "little"))

    def outside_received(self, channel: str) -> list[int]:
        return self.arrived[channel]

    def break_link(self) -> None:
        self.driver.cut = True

    def mend_link(self) -> None:
        self.driver.cut = False


class AtOnce(BusMachine):
    """Registered from the start, closed at the end only: more happens in as many steps."""

    out_channels = ("out/a",)
    in_channels = ("in/a",)

    def begin(self) -> None:
        super().begin()
        self.register_it()

    def close(self) -> None:
        """Not a rule here."""
        super().close()


def run(machine: type[BusMachine], examples: int) -> None:
    chosen = settings(
        max_examples=examples,
        stateful_step_count=40,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    run_state_machine_as_test(machine, settings=chosen)


@pytest.mark.rule("EGW-64")
@pytest.mark.parametrize(("machine", "examples"), [(BusMachine, 80), (AtOnce, 60)])
def test_the_laws_hold_where_only_the_latest_value_counts(machine, examples):
    run(machine, examples)


@pytest.mark.rule("EGW-64")
def test_a_bus_that_carries_the_wrong_bits_breaks_them():
    class Shifted(AtOnce):
        def outside_send(self, channel: str, value: int) -> None:
            super().outside_send(channel, value ^ 1)

    with pytest.raises(LawBroken, match="CONN-01"):
        run(Shifted, 30)


@pytest.mark.rule("EGW-64")
def test_a_bus_that_never_comes_back_breaks_them():
    class Lost(AtOnce):
        def mend_link(self) -> None:
            """Forgets to."""

    with pytest.raises(LawBroken, match="CONN-09"):
        run(Lost, 30)
