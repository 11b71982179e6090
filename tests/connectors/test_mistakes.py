"""Mistakes of those who use connectors for the first time are told where they are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from taktora.connectors import ConnectorHost, InvalidDescriptor, LoopbackConnector
from taktora.errors import TaktoraError, WrongType


@pytest.mark.parametrize(
    ("mistake", "kind", "said"),
    [
        (lambda: LoopbackConnector(codec="json"), WrongType, "JsonCodec"),
        (lambda: LoopbackConnector(options={"echo": True}), WrongType, "LoopbackOptions"),
        (lambda: LoopbackConnector(reconnect=3), WrongType, "ExponentialBackoff"),
        (lambda: LoopbackConnector().register_with(3), WrongType, "needs an executor"),
        (
            lambda: LoopbackConnector().create_writer("x", int),
            InvalidDescriptor,
            "ChannelDescriptor",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    mistake: Callable[[], Any], kind: type[TaktoraError], said: str
) -> None:
    with pytest.raises(kind, match=said):
        mistake()


def test_a_host_takes_connectors_only(domain: str) -> None:
    with ConnectorHost(domain=domain) as host, pytest.raises(WrongType, match="takes a connector"):
        host.register("lab")
