"""Which codec a channel has: the one that was named nearest to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from taktora.connectors import ChannelDescriptor, JsonCodec, RawCodec, RemoteConnector
from taktora.connectors.codec import BytesCodec
from taktora.connectors.host import ConnectorHost
from taktora.connectors.resolving import load_connectors
from taktora.errors import InvalidConfig, InvalidDescriptor
from taktora.testing import SimulatedExecutor

from .links import AConnector


class Hex(BytesCodec):
    """Whole numbers in hexadecimal, filled up to a width."""

    format_name = "hex"

    def __init__(self, width: int) -> None:
        self.width = width

    def dumps(self, value: int) -> bytes:
        return b"%0*x" % (self.width, value)

    def decode(self, data: memoryview, type: Any) -> Any:
        return type(bytes(data), 16)


class HexRemote(RemoteConnector):
    """Knows the codec without the gateway."""

    @classmethod
    def default_codec(cls, descriptor: ChannelDescriptor[Any]) -> Hex:
        return HexConnector.default_codec(descriptor)


class HexConnector(AConnector):
    """Its channels are as wide as their names are long."""

    Remote = HexRemote

    @classmethod
    def default_codec(cls, descriptor: ChannelDescriptor[Any]) -> Hex:
        if descriptor.name == "odd":
            raise InvalidDescriptor("an odd number of letters")
        return Hex(len(descriptor.name))


class Shelf:
    def connector(self, name: str) -> type:
        return {"hex": HexConnector, "plain": object}[name]

    def codec(self, name: str) -> Any:
        return {"json": JsonCodec(), "raw": RawCodec()}[name]


def sent(connector: AConnector, *, described: Any = None, **options: Any) -> bytes:
    """How the value 10 goes out on a channel of four letters."""
    channel: Any = ChannelDescriptor("wide")
    if described is not None:
        connector.describe(channel, None if described == "nothing" else described)
        channel = "wide"
    writer = connector.create_writer(channel, int, **options)
    connector.register_with(connector._home.node())
    connector._home.node().run_until_idle()
    writer.send(10)
    connector._home.node().run_until_idle()
    (one,) = connector.link.sent
    return one


@pytest.mark.rule("GATE-48")
@pytest.mark.parametrize(
    ("kind", "of_connector", "described", "of_port", "expected"),
    [
        (AConnector, None, None, None, b"10"),
        (HexConnector, None, None, None, b"000a"),
        (HexConnector, None, "nothing", None, b"000a"),
        (HexConnector, Hex(2), "nothing", None, b"0a"),
        (HexConnector, Hex(2), None, None, b"0a"),
        (HexConnector, Hex(2), Hex(3), None, b"00a"),
        (HexConnector, Hex(2), Hex(3), Hex(1), b"a"),
        (HexConnector, None, None, Hex(1), b"a"),
    ],
)
def test_the_codec_that_was_named_nearest_to_a_port_is_its(
    kind, of_connector, described, of_port, expected
):
    with (
        SimulatedExecutor(None) as sim,
        kind(node=sim, codec=of_connector) as connector,
    ):
        sim.start()
        assert sent(connector, described=described, codec=of_port) == expected


FILE = """
[[connectors]]
name = "a"
type = "hex"
channels = [{ name = "a/wide" }, { name = "a/raw", codec = "raw" }]
[[connectors]]
name = "b"
type = "hex"
codec = "json"
channels = [{ name = "b/wide" }]
[[connectors]]
name = "c"
type = "plain"
channels = [{ name = "c/plain" }]
"""


@pytest.mark.rule("CONF-35")
def test_a_channel_of_a_file_that_names_no_codec_has_the_one_of_its_connector_or_class(
    tmp_path: Path,
):
    path = tmp_path / "file.toml"
    path.write_text(FILE)
    found = load_connectors(path, lookup=Shelf())
    formats = {
        channel.descriptor.name: channel.codec.format_name
        for one in found.connectors
        for channel in one.channels
    }
    assert formats == {"a/wide": "hex", "a/raw": "raw", "b/wide": "json", "c/plain": "json"}
    assert [one.codec is None for one in found.connectors] == [True, False, True]


@pytest.mark.rule("CONF-35")
def test_what_the_class_refuses_is_a_mistake_at_the_channel(tmp_path: Path):
    path = tmp_path / "file.toml"
    path.write_text(FILE.replace("a/wide", "odd"))
    with pytest.raises(InvalidConfig, match=r"channels\[0\].routing: .*an odd number of letters"):
        load_connectors(path, lookup=Shelf())


@pytest.mark.rule("CONF-35")
@pytest.mark.real
def test_a_host_has_the_plug_ins_side_that_the_class_says(tmp_path: Path, domain: str):
    path = tmp_path / "file.toml"
    path.write_text(FILE)
    with ConnectorHost.from_file(path, lookup=Shelf(), domain=domain) as host:
        assert [type(host[name]) for name in "abc"] == [HexRemote, HexRemote, RemoteConnector]
        writer = host["a"].create_writer("a/wide", int)
        assert writer._codec.width == len("a/wide")
