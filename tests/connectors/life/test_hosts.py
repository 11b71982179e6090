"""Both sides of a connectors file, in one process, on shared memory; and hosts made in code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from taktora import Executor, Runner, every, on
from taktora.connectors import (
    ChannelDescriptor,
    ConnectorClosed,
    ConnectorError,
    ConnectorGateway,
    ConnectorHost,
    Degraded,
    Direction,
    Down,
    InvalidConfig,
    InvalidDescriptor,
    LoopbackConnector,
    LoopbackWorld,
    RemoteConnector,
    StackError,
    Up,
)
from taktora.connectors.health import words
from taktora.errors import (
    BackPressure,
    ConnectorDown,
    DuplicateItem,
    LimitsMismatch,
    UnknownItem,
    WrongType,
)
from tests.runtimes import eventually

FILE = """
[[connectors]]
name = "lab"
type = "loopback"
heartbeat = "20 ms"
stale_after = "5 s"

[[connectors.channels]]
name = "motor/speed"

[[connectors.channels]]
name = "raw"
codec = "raw"

[[connectors]]
name = "yard"
type = "loopback"
heartbeat = "20 ms"
stale_after = "5 s"
options = { echo = false }

[[connectors.channels]]
name = "yard/orders"
direction = "out"

[[connectors.channels]]
name = "yard/news"
direction = "in"
"""


@frozen
class Speed:
    """A value."""

    rpm: float


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lab.toml"
    path.write_text(FILE)
    return path


@pytest.mark.rule("LIVE-29")
def test_both_sides_of_a_file_meet_and_values_go_round(file: Path, domain: str) -> None:
    with (
        ConnectorGateway.from_file(file, domain=domain) as gateway,
        ConnectorHost.from_file(file, domain=domain) as host,
        Runner(gateway.executor),
        Runner(host.executor),
    ):
        lab, yard = host["lab"], host["yard"]
        eventually(host.executor, lambda: lab.health == yard.health == Up())
        writer, reader = (
            lab.create_writer("motor/speed", Speed),
            lab.create_reader("motor/speed", Speed),
        )
        raw_writer, raw_reader = lab.create_writer("raw", bytes), lab.create_reader("raw", bytes)
        got: list[Any] = []
        host.add(on(reader)(lambda: got.extend(one.value for one in reader)))
        writer.send(Speed(1.5))
        raw_writer.send(b"\x00\xff")
        eventually(host.executor, lambda: got == [Speed(1.5)])
        raw: list[Any] = []
        eventually(host.executor, lambda: raw.extend(one.value for one in raw_reader) or raw)
        assert raw == [b"\x00\xff"]

        world = gateway["yard"].world  # type: ignore[attr-defined]
        orders, news = yard.create_writer("yard/orders", str), yard.create_reader("yard/news", str)
        orders.send("go")
        eventually(host.executor, lambda: world.arrived("yard/orders"))
        assert [one.payload for one in world.arrived("yard/orders")] == [b'"go"']
        world.send("yard/news", b'"gone"')
        heard: list[Any] = []
        eventually(host.executor, lambda: heard.extend(one.value for one in news) or heard)
        assert heard == ["gone"]
        told = yard.gateway_stats
        eventually(
            host.executor, lambda: told().get("in yard/news") and told()["in yard/news"].messages
        )
        assert sorted(told()) == ["in yard/news", "out yard/orders"]
        assert sorted(gateway["lab"].gateway_stats()) == [
            "in motor/speed",
            "in raw",
            "out motor/speed",
            "out raw",
        ]


@pytest.mark.rule("LIVE-29")
def test_a_gateway_that_goes_and_comes_is_followed(file: Path, domain: str) -> None:
    with ConnectorHost.from_file(file, domain=domain) as host, Runner(host.executor):
        lab = host["lab"]
        writer = lab.create_writer("motor/speed", Speed)
        for _ in range(2):
            with ConnectorGateway.from_file(file, domain=domain) as gateway:
                with Runner(gateway.executor):
                    eventually(host.executor, lambda: lab.health == Up())
                    writer.send(Speed(1))
                gateway.close()
            eventually(host.executor, lambda: isinstance(lab.health, Down))
            with pytest.raises(ConnectorDown):
                writer.send(Speed(2))


@pytest.mark.rule("LIVE-30")
def test_a_second_gateway_of_a_file_is_refused_and_leaves_nothing(file: Path, domain: str) -> None:
    with ConnectorGateway.from_file(file, domain=domain) as first:
        with pytest.raises(ConnectorError, match="another gateway serves connector 'lab'"):
            ConnectorGateway.from_file(file, domain=domain)
        first.close()
    with ConnectorGateway.from_file(file, domain=domain) as again:
        assert sorted(again.connectors) == ["lab", "yard"]


@pytest.mark.rule("LIVE-30")
def test_a_gateway_of_which_one_name_is_taken_serves_none_of_them(
    file: Path, domain: str, make_executor: Callable[..., Executor]
) -> None:
    with ConnectorGateway(make_executor()) as other:
        other.register(LoopbackConnector("yard", node=other.executor))
        with pytest.raises(ConnectorError, match=r"another gateway serves .*'yard'") as kept:
            ConnectorGateway.from_file(file, domain=domain)
    with ConnectorGateway.from_file(file, domain=domain) as gateway:
        assert sorted(gateway.connectors) == ["lab", "yard"]
    del kept


@pytest.mark.rule("LIVE-32")
def test_a_host_of_which_one_connector_cannot_be_registered_leaves_nothing(
    file: Path, domain: str, make_executor: Callable[..., Executor]
) -> None:
    elsewhere = make_executor()
    taken = elsewhere.channel("yard.status", bytes, max_bytes=10).subscriber()
    with pytest.raises(LimitsMismatch, match=r"yard\.status") as kept:
        ConnectorHost.from_file(file, domain=domain)
    free = elsewhere.channel("lab.status", bytes, max_bytes=10).subscriber()  # nobody has it open
    del kept, taken, free


@pytest.mark.rule("LIVE-31")
def test_connectors_and_channels_are_found_by_name_and_near_is_not_enough(
    file: Path, domain: str
) -> None:
    with ConnectorHost.from_file(file, domain=domain) as host:
        assert list(host.connectors) == ["lab", "yard"]
        assert isinstance(host["lab"], RemoteConnector)
        with pytest.raises(
            UnknownItem, match="no connector 'lob' is registered here; known: lab, yard"
        ):
            host["lob"]
        with pytest.raises(
            InvalidDescriptor, match=r"no channel 'motor' .* known: motor/speed, raw"
        ):
            host["lab"].create_writer("motor", Speed)
        assert "lab, yard" in repr(host)
        host["lab"].describe(ChannelDescriptor("extra"))
        host["lab"].create_reader("extra", int)
    for one in host.connectors.values():
        assert one.closed
    with pytest.raises(ConnectorClosed):
        host["lab"].create_reader("raw", bytes)
    host.close()


@pytest.mark.rule("LIVE-31")
@pytest.mark.parametrize("side", [ConnectorHost, ConnectorGateway])
def test_the_domain_is_that_of_the_file_unless_another_is_given(
    tmp_path: Path, domain: str, side: type[ConnectorHost], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(f'domain = "{domain}"\n{FILE}')
    with side.from_file(path) as one:
        assert one.executor.domain == domain
    with side.from_file(path, domain=f"{domain}y") as one:
        assert one.executor.domain == f"{domain}y"
    monkeypatch.setenv("TAKTORA_DOMAIN", f"{domain}z")
    path.write_text(FILE)
    with side.from_file(path) as one:
        assert one.executor.domain == f"{domain}z"


@pytest.mark.rule("LIVE-32")
@pytest.mark.parametrize("side", [ConnectorHost, ConnectorGateway])
def test_a_file_with_mistakes_makes_nothing(
    tmp_path: Path, domain: str, side: type[ConnectorHost]
) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(FILE.replace('"loopback"', '"loopbak"').replace('"raw"\n\n', '"row"\n\n'))
    with pytest.raises(InvalidConfig, match="loopbak"):
        side.from_file(path, domain=domain)


@pytest.mark.rule("LIVE-32")
def test_a_connector_that_cannot_be_made_is_named(
    file: Path, domain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_device(*_: Any, **__: Any) -> None:
        raise OSError("no such device")

    monkeypatch.setattr(LoopbackConnector, "__init__", no_device)
    with pytest.raises(StackError, match="connector 'lab' could not be made: no such device"):
        ConnectorGateway.from_file(file, domain=domain)


# --- made in code -----------------------------------------------------------------------------------


@pytest.mark.rule("LIVE-33")
def test_a_host_runs_what_is_registered_and_closes_it_with_its_own_executor(domain: str) -> None:
    world = LoopbackWorld(echo=True)
    done: list[int] = []
    with ConnectorHost(domain=domain) as host:
        lab = host.register(LoopbackConnector("lab", world, node=host.executor))
        assert host["lab"] is lab
        with pytest.raises(DuplicateItem, match="a connector 'lab' is registered here already"):
            host.register(LoopbackConnector("lab", node=host.executor))
        writer = lab.create_writer(ChannelDescriptor("a"), int)
        reader = lab.create_reader(ChannelDescriptor("a"), int)

        def turn() -> None:
            try:
                writer.send(1)
            except (ConnectorDown, BackPressure):
                return

        def take() -> None:
            done.extend(one.value for one in reader)
            host.stop()

        host.add(every(0.005)(turn))
        host.add(on(reader)(take))
        host.run()
        assert done
        host.run_for(0.01)
        host.run_n(1)
        host.stoppable().stop()
    assert lab.closed
    assert host.executor.closed


@pytest.mark.rule("LIVE-33")
def test_an_executor_that_was_given_stays_open(make_executor: Callable[..., Executor]) -> None:
    executor = make_executor()
    with pytest.raises(WrongType, match="not both"):
        ConnectorHost(executor, domain="x")
    with ConnectorHost(executor) as host:
        lab = host.register(LoopbackConnector("lab", node=executor))
        assert "no connectors" in repr(ConnectorHost(executor))
    assert lab.closed
    assert not executor.closed


@pytest.mark.rule("LIVE-33")
def test_what_could_not_be_registered_is_not_here(make_executor: Callable[..., Executor]) -> None:
    executor = make_executor()
    with ConnectorHost(executor) as host, ConnectorGateway(executor) as gateway:
        closed = LoopbackConnector("closed")
        closed.close()
        with pytest.raises(ConnectorClosed):
            host.register(closed)
        with pytest.raises(ConnectorError, match="has its gateway elsewhere"):
            gateway.register(RemoteConnector("remote"))
        lab = host.register(LoopbackConnector("lab", node=executor))
        with pytest.raises(ConnectorError, match=r"is registered with .* already"):
            gateway.register(lab)
        assert list(host.connectors) == ["lab"]
        assert gateway.connectors == {}


@pytest.mark.rule("LIVE-33")
def test_a_gateway_made_in_code_tells_plug_ins_how_its_link_is(
    make_executor: Callable[..., Executor],
) -> None:
    there, here = make_executor(), make_executor()
    world = LoopbackWorld()
    with ConnectorGateway(there) as gateway, ConnectorHost(here) as host:
        served = gateway.register(LoopbackConnector("lab", world, node=there, heartbeat=0.02))
        served.carry(ChannelDescriptor("a"), Direction.OUT)
        lab = host.register(RemoteConnector("lab", node=here, stale_after=5))
        with Runner(there), Runner(here):
            eventually(here, lambda: isinstance(lab.health, Up))
            world.degrade("tired")
            eventually(here, lambda: isinstance(lab.health, Degraded))
            world.cut("the cable is out")
            eventually(here, lambda: "the cable is out" in words(lab.health))
            world.mend()
            eventually(here, lambda: isinstance(lab.health, Up))
            lab.create_writer(ChannelDescriptor("a"), int).send(1)
            eventually(here, lambda: world.arrived("a"))
