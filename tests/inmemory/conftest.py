"""The same test on iceoryx2 and in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import taktora
from taktora.inmemory import Fabric, InMemoryNode
from taktora.transport.node import BaseNode


@pytest.fixture(params=["iceoryx2", "in memory"])
def make_node(request: pytest.FixtureRequest, domain: str) -> Iterator[Callable[..., BaseNode]]:
    """Nodes that see each other, on each transport in turn."""
    fabric, made = Fabric(), []

    def make(name: str = "n") -> BaseNode:
        if request.param == "iceoryx2":
            made.append(taktora.Node(name, domain=domain))
        else:
            made.append(InMemoryNode(name, domain=domain, fabric=fabric))
        return made[-1]

    yield make
    for node in made:
        node.close()


@pytest.fixture
def node(make_node: Callable[..., BaseNode]) -> BaseNode:
    return make_node()
