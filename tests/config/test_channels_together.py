"""What a connector's class says of its channels together, and routings that lead one way only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from taktora.config import Problem
from taktora.connectors import (
    ChannelDescriptor,
    Connector,
    ConnectorGateway,
    Direction,
    InvalidDescriptor,
    LoopbackConnector,
)
from taktora.connectors.resolving import load_connectors
from taktora.connectors.routing import NoRouting, leads
from taktora.errors import InvalidConfig
from taktora.testing import SimulatedExecutor
from tests.config.bench import Shelf

FILE = """
[[connectors]]
name = "other"
type = "loopback"
[[connectors]]
name = "lab"
type = "bench"
options = { address = "eth0" }
[[connectors.channels]]
name = "a"
max_payload = 0
[[connectors.channels]]
name = "b"
[[connectors.channels]]
name = "c"
"""


@frozen
class BenchOptions:
    address: str


class Together:
    """Of each pair of channels that it is given, the second is a mistake."""

    Options = BenchOptions
    asked: list[tuple[Any, list[str]]]

    @classmethod
    def check_channels(cls, options: Any, channels: dict[int, Any]) -> Iterator[Problem]:
        cls.asked.append((options, [one.name for one in channels.values()]))
        for index in list(channels)[1::2]:
            yield Problem(("channels", index, "routing", "place"), "is taken")


class Raising(Together):
    @classmethod
    def check_channels(cls, options: Any, channels: dict[int, Any]) -> Iterator[Problem]:
        raise RuntimeError("it broke")


def problems(text: str, folder: Path, kind: Any = Together) -> tuple[str, ...]:
    class Lookup(Shelf):
        def connector(self, name: str) -> type:
            found: type = kind if name == "bench" else super().connector(name)
            return found

    Together.asked = []
    path = folder / "connectors.toml"
    path.write_text(text)
    try:
        load_connectors(path, lookup=Lookup())
    except InvalidConfig as error:
        return error.problems
    return ()


@pytest.mark.rule("CONF-38")
def test_what_is_wrong_with_channels_together_is_told_at_its_path(tmp_path: Path):
    whole = FILE.replace("max_payload = 0\n", "")
    assert problems(whole, tmp_path) == ("connectors[1].channels[1].routing.place: is taken",)
    assert Together.asked == [(BenchOptions("eth0"), ["a", "b", "c"])]


@pytest.mark.rule("CONF-38")
def test_channels_and_options_that_have_mistakes_of_their_own_are_left_out(tmp_path: Path):
    first, second = problems(FILE, tmp_path)
    assert first.startswith("connectors[1].channels[0].max_payload: ")
    assert second == "connectors[1].channels[2].routing.place: is taken"
    assert Together.asked == [(BenchOptions("eth0"), ["b", "c"])]
    assert len(problems(FILE.replace('"eth0"', "3"), tmp_path)) == 2
    assert Together.asked == []


@pytest.mark.rule("CONF-38")
def test_a_class_that_breaks_when_it_is_asked_is_a_mistake_of_the_channels(tmp_path: Path):
    whole = FILE.replace("max_payload = 0\n", "")
    assert problems(whole, tmp_path, Raising) == (
        "connectors[1].channels: is refused by its class: RuntimeError: it broke",
    )


@pytest.mark.rule("CONF-38")
def test_a_connector_that_says_nothing_of_channels_together_finds_nothing(tmp_path: Path):
    text = FILE.replace("max_payload = 0\n", "").replace('{ address = "eth0" }', "{ echo = true }")
    assert problems(text, tmp_path, LoopbackConnector) == ()
    assert list(Connector.check_channels(None, {})) == []


# --- one way ----------------------------------------------------------------------------------------


@frozen
class OneWay:
    """A routing that leads out, or in."""

    way: str = "out"

    @property
    def is_routing(self) -> bool:
        return True

    @property
    def one_way(self) -> Direction:
        return Direction(self.way)


class OneWayConnector(LoopbackConnector):
    Routing = OneWay


ONE_WAY = """
[[connectors]]
name = "lab"
type = "bench"
[[connectors.channels]]
name = "lab/out"
direction = "both"
[[connectors.channels]]
name = "lab/in"
direction = "in"
routing = { way = "in" }
"""


@pytest.mark.rule("CONF-39")
def test_a_routing_leads_the_way_that_it_says_or_both():
    assert leads(NoRouting(), Direction.OUT)
    assert leads(NoRouting(), Direction.IN)
    assert leads(OneWay("in"), Direction.IN)
    assert not leads(OneWay("in"), Direction.OUT)


@pytest.mark.rule("CONF-39")
def test_a_direction_against_the_routing_is_a_mistake(tmp_path: Path):
    assert problems(ONE_WAY, tmp_path, OneWayConnector) == ()
    assert problems(
        ONE_WAY.replace('"both"', '"in"').replace('way = "in"', 'way = "out"'),
        tmp_path,
        OneWayConnector,
    ) == (
        'connectors[0].channels[0].direction: is "in", and the routing leads the other way only',
        'connectors[0].channels[1].direction: is "in", and the routing leads the other way only',
    )


@pytest.mark.rule("CONF-39")
def test_a_port_against_the_routing_is_refused_and_leaves_nothing_behind():
    with SimulatedExecutor() as executor, OneWayConnector("lab", node=executor) as connector:
        out, inward = ChannelDescriptor("o", OneWay()), ChannelDescriptor("i", OneWay("in"))
        with pytest.raises(InvalidDescriptor, match=r"'o' leads out only, .* make a writer"):
            connector.create_reader(out, dict)
        with pytest.raises(InvalidDescriptor, match=r"'i' leads in only, .* make a reader"):
            connector.create_writer(inward, dict)
        with pytest.raises(InvalidDescriptor, match="'i' leads in only"):
            connector.carry(inward, Direction.OUT)
        assert connector.stats() == {}
        connector.create_writer(out, dict)
        connector.create_reader(inward, dict)
        assert sorted(connector.stats()) == ["in i", "out o"]


@pytest.mark.rule("CONF-39")
def test_a_gateway_carries_such_a_channel_that_way_alone(tmp_path: Path, domain: str):
    class Lookup(Shelf):
        def connector(self, name: str) -> type:
            return OneWayConnector

    path = tmp_path / "connectors.toml"
    path.write_text(f'domain = "{domain}"\n{ONE_WAY}')
    with ConnectorGateway.from_file(path, lookup=Lookup()) as gateway:
        assert sorted(gateway["lab"].gateway_stats()) == ["in lab/in", "out lab/out"]
