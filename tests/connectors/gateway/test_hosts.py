"""Both sides from one file, and from code, on real iceoryx2."""

from __future__ import annotations

from pathlib import Path

import pytest

import taktora
from taktora.connectors import ChannelDescriptor
from taktora.connectors.codecs import codec
from taktora.connectors.gateway_host import ConnectorGateway
from taktora.connectors.host import ConnectorHost
from taktora.connectors.link import Direction
from taktora.connectors.loopback import LoopbackConnector
from taktora.errors import (
    ConnectorClosed,
    ConnectorError,
    DuplicateItem,
    InvalidConfig,
    StackError,
    UnknownItem,
    WrongType,
)
from tests.runtimes import eventually

from .links import AConnector

FILE = """
domain = "{domain}"
[[connectors]]
name = "lab"
type = "loopback"
queue = 8
heartbeat = "20 ms"
stale_after = "5 s"
[[connectors.channels]]
name = "motor/speed"
[[connectors.channels]]
name = "log"
direction = "out"
codec = "raw"
"""


class Shelf:
    """What is in the box, and one that cannot be made."""

    def connector(self, name: str) -> type:
        return {"loopback": LoopbackConnector, "broken": Broken}[name]

    def codec(self, name: str):
        return codec(name)


class Broken(AConnector):
    @classmethod
    def from_options(cls, name: str, options: object, **common: object):
        raise OSError("no such device")


@pytest.fixture
def path(tmp_path: Path, domain: str) -> Path:
    file = tmp_path / "connectors.toml"
    file.write_text(FILE.format(domain=domain))
    return file


def state(connector) -> str:
    return type(connector.health).__name__


@pytest.mark.rule("GATE-70")
@pytest.mark.real
def test_a_file_makes_both_sides_and_values_go_there_and_back(path):
    with ConnectorGateway.from_file(path, lookup=Shelf()) as gateway:
        with ConnectorHost.from_file(path, lookup=Shelf()) as host:
            lab = host["lab"]
            writer = lab.create_writer("motor/speed", dict)
            reader = lab.create_reader("motor/speed", dict)
            log = lab.create_writer("log", bytes)
            with taktora.Runner(gateway.executor), taktora.Runner(host.executor):
                eventually(host.executor, lambda: state(lab) == "Up")
                writer.send({"rpm": 7})
                log.send(b"\xff")
                got: list[object] = []
                eventually(host.executor, lambda: got.extend(reader) or got)
                assert got[0].value == {"rpm": 7}
                world = gateway["lab"].world
                eventually(host.executor, lambda: world.arrived("log"))
                world.cut("the line is cut")
                eventually(host.executor, lambda: state(lab) == "Down")
                world.mend()
                eventually(host.executor, lambda: state(lab) == "Up")
                gateway["lab"].close()
                eventually(host.executor, lambda: state(lab) == "Down")
        assert lab.closed


@pytest.mark.rule("GATE-67", "GATE-71")
@pytest.mark.real
def test_a_second_gateway_of_the_file_is_refused_and_leaves_nothing(path):
    with (
        ConnectorGateway.from_file(path, lookup=Shelf()),
        pytest.raises(ConnectorError, match="another gateway serves connector 'lab'"),
    ):
        ConnectorGateway.from_file(path, lookup=Shelf())
    ConnectorGateway.from_file(path, lookup=Shelf()).close()


@pytest.mark.rule("GATE-71")
def test_a_connector_that_cannot_be_made_is_named(path):
    path.write_text(path.read_text().replace('"loopback"', '"broken"'))
    with pytest.raises(StackError, match="'lab' could not be made: no such device") as caught:
        ConnectorGateway.from_file(path, lookup=Shelf())
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.rule("GATE-71")
@pytest.mark.parametrize("side", [ConnectorGateway, ConnectorHost])
def test_mistakes_in_the_file_are_all_told(path, side):
    path.write_text(path.read_text().replace("queue = 8", "queue = 0\nquew = 1"))
    with pytest.raises(InvalidConfig) as caught:
        side.from_file(path, lookup=Shelf())
    assert len(caught.value.problems) == 2


@pytest.mark.rule("GATE-72")
@pytest.mark.real
def test_a_host_runs_the_connectors_that_it_was_given_and_closes_them(domain):
    with ConnectorHost(domain=domain) as host:
        one = host.register(AConnector())
        assert host["lab"] is one
        assert host.connectors == {"lab": one}
        with pytest.raises(DuplicateItem, match="a connector 'lab' is registered here already"):
            host.register(AConnector())
        with pytest.raises(UnknownItem, match="no connector 'x' is registered here; known: lab"):
            host["x"]
        with taktora.Runner(host.executor):
            eventually(host.executor, lambda: state(one) == "Up")
    assert (one.closed, host.executor.closed) == (True, True)
    assert one.link.calls[-1] == "close"
    with pytest.raises(ConnectorClosed):
        ConnectorHost(domain=domain).register(one)


@pytest.mark.rule("GATE-72")
def test_an_executor_that_is_somebody_elses_stays_open(domain):
    with taktora.Executor(domain=domain) as executor:
        with ConnectorHost(executor) as host:
            host.register(AConnector())
        assert not executor.closed
        with pytest.raises(WrongType, match="give an executor, or the options of one"):
            ConnectorHost(executor, domain=domain)


@pytest.mark.rule("GATE-72")
def test_a_connector_that_cannot_be_closed_keeps_no_other_open(domain):
    host = ConnectorHost(domain=domain)
    first, second = host.register(AConnector()), host.register(AConnector(name="second"))
    second.close = lambda: 1 / 0
    with pytest.raises(ZeroDivisionError):
        host.close()
    assert (first.closed, host.executor.closed) == (True, True)
    del second.close
    second.close()


@pytest.mark.rule("GATE-47")
@pytest.mark.real
def test_a_gateway_from_code_carries_what_it_is_told_to(domain):
    c = ChannelDescriptor("c", max_payload=64)
    with ConnectorGateway(domain=domain) as gateway:
        one = gateway.register(AConnector(node=gateway.executor))
        one.carry(c, Direction.OUT)
        one.carry(c, Direction.OUT)
        assert one.link.channels == [("c", Direction.OUT)]
        assert one.stats() == {}
