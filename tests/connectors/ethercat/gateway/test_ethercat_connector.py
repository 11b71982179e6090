"""The connector around a bus: what it is made with, its ports, files, and what it needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from taktora import plugins
from taktora.connectors import ChannelDescriptor, NoRouting, RawCodec
from taktora.connectors.ethercat.connector import EthercatConnector, EthercatRemote
from taktora.connectors.ethercat.field_codec import FieldCodec
from taktora.connectors.ethercat.mock import MockBusDriver
from taktora.connectors.ethercat.mock_subdevice import MockSubDevice
from taktora.connectors.ethercat.options import EthercatOptions
from taktora.connectors.ethercat.subdevice_map import PdoEntry, SubDeviceMap
from taktora.connectors.gateway_host import ConnectorGateway
from taktora.connectors.host import ConnectorHost
from taktora.connectors.process_attributes import ProcessAttributes
from taktora.errors import (
    InvalidArgument,
    InvalidConfig,
    InvalidDescriptor,
    MissingExtra,
    WrongType,
)
from taktora.testing import SimulatedExecutor
from tests.plugins.distributions import Site
from tests.runtimes import eventually

from .bench import input_, options, output


@pytest.mark.rule("EGW-60")
def test_what_cannot_be_is_refused():
    with pytest.raises(WrongType, match="connector 'bus': expected EthercatOptions"):
        EthercatConnector("bus", options={})  # type: ignore[arg-type]
    for where in ({"in_process": False}, {"gateway": "own process"}, {"gateway": "elsewhere"}):
        with pytest.raises(InvalidArgument, match="a driver cannot go to another process"):
            EthercatConnector(options=options(), driver=MockBusDriver(), **where)


@pytest.mark.rule("EGW-60")
def test_where_the_gateway_is():
    assert EthercatConnector(options=options(), driver=MockBusDriver()).gateway == "here"
    assert EthercatConnector(options=options()).gateway == "own process"
    assert EthercatConnector(options=options(), in_process=True).gateway == "here"
    assert EthercatConnector(options=options(), gateway="elsewhere").gateway == "elsewhere"
    assert EthercatConnector(options=options()).name == "ethercat"


@pytest.mark.rule("EGW-60")
def test_what_the_options_ask_for_is_what_its_process_asks_for():
    its = options(affinity=(1,), fifo_priority=80, lock_memory=True)
    asked = ProcessAttributes(cpus=(1,), fifo_priority=80, lock_memory=True, freeze_gc=True)
    assert EthercatConnector(options=its).process == asked
    other = ProcessAttributes(cpus=(0,))
    assert EthercatConnector(options=its, process=other).process == other


@pytest.mark.rule("EGW-61")
def test_the_connectors_own_channels_are_its_own(bench):
    for name in ("bus/sdo", "bus/bus"):
        with pytest.raises(InvalidDescriptor, match="belongs to connector 'bus' itself"):
            bench.connector.create_writer(output(name, 1, 0), int)
        with pytest.raises(InvalidDescriptor, match="belongs to connector 'bus' itself"):
            bench.connector.create_reader(input_(name, 1, 0), int)


@pytest.mark.rule("EGW-61")
@pytest.mark.parametrize("driver", [MockBusDriver(), None])
def test_writers_are_of_outputs_and_readers_of_inputs(driver):
    with (
        SimulatedExecutor(None) as sim,
        EthercatConnector(options=options(), driver=driver, node=sim) as connector,
    ):
        with pytest.raises(InvalidDescriptor, match="leads in only"):
            connector.create_writer(input_("a", 1, 0), int)
        with pytest.raises(InvalidDescriptor, match="leads out only"):
            connector.create_reader(output("a", 1, 0), int)
        with pytest.raises(InvalidDescriptor, match="needs a EthercatRouting"):
            connector.create_writer(ChannelDescriptor("a", NoRouting()), int)
        connector.create_writer(output("a", 1, 0), int)


@pytest.mark.rule("EGW-61")
@pytest.mark.parametrize("driver", [MockBusDriver(), None])
def test_what_leads_nowhere_is_refused_wherever_the_gateway_is(driver):
    its = options(subdevices=[SubDeviceMap(1, rx_pdos=[PdoEntry(0x1600, bit_length=8)])])
    with (
        SimulatedExecutor(None) as sim,
        EthercatConnector(options=its, driver=driver, node=sim) as connector,
    ):
        connector.create_writer(output("a", 1, 0, 4), int)
        for where, said in (
            ((1, 3, 2), "overlap"),
            ((1, 8), "whose rx_pdos have 8 bits"),
            (("axis", 0), "no SubDevice is called that"),
        ):
            with pytest.raises(InvalidDescriptor, match=said):
                connector.create_writer(output("b", *where), int)
        connector.create_writer(output("b", 1, 4, 4), int)  # nothing was left behind


@pytest.mark.rule("EGW-62")
def test_the_codec_of_a_channel_is_its_fields(bench):
    writer = bench.writer("speed", 1, 0, 12, signed=True)
    writer.send(-2)
    bench.advance(2)
    assert bench.driver.snapshot_outputs(1) == b"\xfe\x0f"
    other = bench.connector.create_writer(output("raw", 1, 12, 4), bytes, codec=RawCodec())
    other.send(b"\x05")
    bench.advance(2)
    assert bench.driver.snapshot_outputs(1) == b"\xfe\x5f"


class MockConnector(EthercatConnector):
    """As a file describes it, on a bus in memory."""

    made: list[MockBusDriver] = []  # noqa: RUF012  # of the test

    @classmethod
    def from_options(cls, name: str, options: EthercatOptions, **common: Any) -> Any:
        driver = MockBusDriver(
            MockSubDevice(objects={(0x1018, 1): b"\x02\0\0\0"}), MockSubDevice(), loopback=True
        )
        cls.made.append(driver)
        return cls(name, options=options, driver=driver, **common)


class Shelf:
    def connector(self, name: str) -> type:
        return {"ethercat": MockConnector}[name]

    def codec(self, name: str) -> Any:
        return {"raw": RawCodec()}[name]


FILE = """
domain = "{domain}"
[[connectors]]
name = "bus"
type = "ethercat"
heartbeat = "20 ms"
stale_after = "5 s"
options = {{ network_interface = "veth1", cycle_time = "1 ms", subdevices = [{{ subdevice = 2, name = "io" }}] }}
[[connectors.channels]]
name = "lamp"
routing = {{ subdevice = "io", direction = "rx", bit_offset = 9, bit_length = 1 }}
[[connectors.channels]]
name = "lamp/is"
routing = {{ subdevice = "io", direction = "tx", bit_offset = 9, bit_length = 1 }}
"""


@pytest.mark.rule("EGW-41", "EGW-50", "EGW-62")
@pytest.mark.real
def test_one_file_makes_both_sides_and_a_true_comes_back(tmp_path: Path, domain: str):
    path = tmp_path / "bus.toml"
    path.write_text(FILE.format(domain=domain))
    MockConnector.made.clear()
    with (
        ConnectorGateway.from_file(path, lookup=Shelf()) as gateway,
        ConnectorHost.from_file(path, lookup=Shelf()) as host,
    ):
        bus = host["bus"]
        assert isinstance(bus, EthercatRemote)
        writer, reader = bus.create_writer("lamp", bool), bus.create_reader("lamp/is", bool)
        statistics = bus.create_statistics_reader()
        from taktora import Runner

        with Runner(gateway.executor), Runner(host.executor):
            eventually(host.executor, lambda: type(bus.health).__name__ == "Up")
            writer.send(True)
            values: list[bool] = []
            eventually(
                host.executor,
                lambda: values.extend(one.value for one in reader) or values[-1:] == [True],
            )
            (driver,) = MockConnector.made
            assert [driver.snapshot_outputs(n) for n in (1, 2)] == [b"\0\0", b"\0\2"]
            assert bus.read_sdo(1, 0x1018, 1, int) == 2
            eventually(host.executor, lambda: any(one.value.state == "up" for one in statistics))


@pytest.mark.rule("PROC-41")
@pytest.mark.real
@pytest.mark.parametrize(("table", "priority"), [("", 40), ("[process]\nfifo_priority = 9", 9)])
def test_who_runs_a_file_is_told_what_its_buses_ask_of_the_process(
    tmp_path: Path, domain: str, table: str, priority: int
):
    its = 'network_interface = "veth1", fifo_priority = 40, affinity = [0], lock_memory = true'
    path = tmp_path / "bus.toml"
    path.write_text(
        FILE.format(domain=domain)
        .replace('network_interface = "veth1"', its)
        .replace("[[connectors]]", f"{table}\n[[connectors]]")
    )
    with ConnectorGateway.from_file(path, lookup=Shelf()) as gateway:
        assert gateway.process == ProcessAttributes(
            fifo_priority=priority, cpus=(0,), lock_memory=True, freeze_gc=True
        )


@pytest.mark.rule("EGW-61")
def test_a_file_whose_outputs_overlap_is_a_mistake(tmp_path: Path):
    path = tmp_path / "bus.toml"
    path.write_text(FILE.format(domain="d").replace('"tx"', '"rx"'))
    with pytest.raises(InvalidConfig, match=r"channels\[1\].routing.bit_offset: .*overlap"):
        ConnectorHost.from_file(path, lookup=Shelf())


@pytest.mark.rule("EGW-63")
def test_it_is_listed_with_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    Site(tmp_path, monkeypatch).install_taktora()
    plugin = plugins.find("taktora.connectors", "ethercat")
    assert plugin.load() is EthercatConnector
    assert plugin.missing is None
    assert EthercatConnector.requires == {"pysoem": "taktora[ethercat]"}


@pytest.mark.rule("EGW-63")
def test_importing_it_needs_no_pysoem_and_registering_says_what_to_install():
    code = """
import sys
sys.modules["pysoem"] = None  # as if it were not installed
from taktora.connectors.ethercat import EthercatConnector, EthercatOptions
from taktora.errors import MissingExtra
from taktora.testing import SimulatedExecutor
with SimulatedExecutor() as sim:
    bus = EthercatConnector(options=EthercatOptions(network_interface="eth9"), in_process=True)
    try:
        bus.register_with(sim)
    except MissingExtra as error:
        print(error)
    bus.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert "pip install 'taktora[ethercat]'" in done.stdout
    assert issubclass(MissingExtra, ImportError)


@pytest.mark.rule("EGW-62")
def test_a_remote_knows_fields_without_a_file():
    remote = EthercatRemote("bus")
    assert isinstance(remote.default_codec(output("a", 1, 0)), FieldCodec)
    remote.close()
