"""A bus on a real executor: cycles go on whatever objects do, and nothing is let go of too early."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

import taktora
from taktora.connectors import ConnectorDown, ExponentialBackoff
from taktora.connectors.ethercat.bus import LOST
from taktora.connectors.ethercat.connector import EthercatConnector
from taktora.connectors.ethercat.mock import MockBusDriver
from taktora.connectors.ethercat.mock_subdevice import MockSubDevice
from taktora.errors import SdoAbort
from tests.runtimes import eventually

from .bench import input_, options, output


class Slow(MockBusDriver):
    """Its mailbox answers when it is told to."""

    def __init__(self) -> None:
        super().__init__(MockSubDevice(objects={(1, 0): b"x", (2, 0): b"y"}), loopback=True)
        self.begun = threading.Event()
        self.answers = threading.Event()
        self.answers.set()
        self.calls: list[str] = []

    def read_sdo(
        self, position: int, index: int, subindex: int, *, complete: bool = False
    ) -> bytes:
        self.calls.append("begin")
        self.begun.set()
        assert self.answers.wait(30)
        self.calls.append("end")
        return super().read_sdo(position, index, subindex, complete=complete)

    def bring_up(self):
        self.calls.append("bring up")
        return super().bring_up()

    def close(self) -> None:
        self.calls.append("close")
        super().close()


class Line:
    """A connector with its gateway on an executor that runs."""

    def __init__(self, domain: str, workers: int) -> None:
        self.driver = Slow()
        self.executor = taktora.Executor(domain=domain, worker_threads=workers)
        self.bus = EthercatConnector(
            "bus",
            options=options(),
            driver=self.driver,
            node=self.executor,
            reconnect=ExponentialBackoff(0.01, 0.01),
        )
        self.bus.register_with(self.executor)
        self.runner = taktora.Runner(self.executor)

    def until(self, condition) -> None:
        eventually(self.executor, condition)

    @property
    def state(self) -> str:
        return type(self.bus.health).__name__


@pytest.fixture(params=[0, 2])
def line(domain: str, request: pytest.FixtureRequest) -> Iterator[Line]:
    made = Line(domain, request.param)
    with made.runner:
        made.until(lambda: made.state == "Up")
        yield made
        made.driver.answers.set()
    made.bus.close()
    made.executor.close()


@pytest.mark.rule("EGW-40")
@pytest.mark.real
def test_a_slow_mailbox_delays_no_cycle_and_no_value(line):
    line.driver.answers.clear()
    futures = [line.bus.read_sdo(1, index, block=False) for index in (1, 2, 3)]
    assert line.driver.begun.wait(10)
    before = line.driver.exchanges
    line.until(lambda: line.driver.exchanges >= before + 100)
    writer = line.bus.create_writer(output("out", 1, 0), int)
    reader = line.bus.create_reader(input_("in", 1, 0), int)
    writer.send(1)
    values: list[int] = []
    line.until(lambda: values.extend(one.value for one in reader) or values[-1:] == [1])
    assert not any(future.done for future in futures)
    line.driver.answers.set()
    assert [future.get(timeout=10) for future in futures[:2]] == [b"x", b"y"]
    with pytest.raises(SdoAbort):
        futures[2].get(timeout=10)
    assert line.driver.calls[-6:] == ["begin", "end"] * 3
    assert line.bus.read_sdo(1, 1) == b"x"


@pytest.mark.rule("EGW-46", "EGW-44")
@pytest.mark.real
def test_a_bus_is_let_go_of_when_no_object_is_accessed_any_more(line):
    line.driver.answers.clear()
    futures = [line.bus.read_sdo(1, 1, block=False) for _ in range(3)]
    assert line.driver.begun.wait(10)
    line.driver.calls.clear()
    line.driver.play(*[LOST] * 50)
    line.until(lambda: line.state in ("Down", "Connecting"))
    for future in futures:
        with pytest.raises(ConnectorDown):
            future.get(timeout=10)
    line.until(lambda: line.state == "Connecting")
    beats = line.bus._gateway.on_beat
    seen = threading.Event()

    def beat(health: object) -> None:
        seen.set()
        beats(health)

    line.bus._gateway.on_beat = beat
    assert seen.wait(10)  # heartbeats go out meanwhile
    assert line.driver.calls == []
    line.driver.answers.set()
    line.until(lambda: line.state == "Up")
    assert line.driver.calls == ["end", "close", "bring up"]


@pytest.mark.rule("EGW-46")
@pytest.mark.real
def test_closing_waits_for_no_mailbox_and_the_bus_is_let_go_of_after_it(line):
    line.driver.answers.clear()
    line.bus.read_sdo(1, 1, block=False)
    assert line.driver.begun.wait(10)
    line.driver.calls.clear()
    line.bus.close()
    assert line.driver.calls == []
    line.driver.answers.set()
    line.until(lambda: line.driver.calls == ["end", "close"])
