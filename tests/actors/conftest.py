"""Echoes as a plain actor and as an item, hosted by a running executor on every runtime."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import taktora
from tests.runtimes import LIMIT, driven

__all__ = ["LIMIT", "EchoActor", "EchoItem", "Host", "add_echo"]


class EchoActor(taktora.Actor):
    """Calls what can be called, answers the rest with itself."""

    def on_receive(self, message: Any) -> Any:
        return message() if callable(message) else message


class EchoItem(taktora.Item):
    """The same as an item."""

    def on_receive(self, message: Any, ctx: taktora.Context) -> Any:
        return message() if callable(message) else message


Host = Callable[[], taktora.ActorRef[Any]]


@pytest.fixture
def running(executor: taktora.Executor) -> Iterator[taktora.Executor]:
    """An executor of each runtime that runs: on a thread of its own, or whenever somebody waits."""
    with driven(executor):
        yield executor


@pytest.fixture(params=["actor", "item"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def add_echo(executor: taktora.Executor, kind: str) -> taktora.ActorRef[Any]:
    """An echo on ``executor``; one that survives its failures if it is an item."""
    if kind == "actor":
        return executor.spawn(EchoActor)
    return executor.add(EchoItem(), supervision=taktora.Supervision.resume())


@pytest.fixture
def echo(running: taktora.Executor, kind: str) -> taktora.ActorRef[Any]:
    """A running echo: once a plain actor, once an item."""
    return add_echo(running, kind)
