"""The other process: started by the tests as ``python worker.py ROLE DOMAIN ...``."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))

import taktora
from taktora.connectors import BackPressure, ChannelDescriptor
from taktora.connectors.service_factory import ServiceFactory
from tests.connectors.wire.values import Reading, TinyJson

DESCRIPTOR: ChannelDescriptor[Any] = ChannelDescriptor("motor", max_payload=256)


def say(*words: object) -> None:
    print(*words, flush=True)


def echo(domain: str) -> None:
    """An executor that answers each value with the same one, until the input ends."""
    with taktora.Executor(domain=domain) as executor:
        factory = ServiceFactory(executor)
        reader = factory.create_reader(DESCRIPTOR, Reading, TinyJson(), suffix=".out")
        writer = factory.create_writer(DESCRIPTOR, Reading, TinyJson(), suffix=".in")

        @taktora.on(reader)
        def answer() -> None:
            for one in reader:
                writer.send(one.value, correlation_id=one.correlation_id)

        executor.add(answer)
        with taktora.Runner(executor):
            say("ready")
            sys.stdin.readline()


def send_all(domain: str, count: str) -> None:
    """Send so many with nothing lost: whoever is too slow is waited for."""
    with taktora.Node(domain=domain) as node:
        writer = ServiceFactory(node).create_writer(
            DESCRIPTOR, Reading, TinyJson(), suffix=".in", overflow=False
        )
        say("ready")
        sys.stdin.readline()
        pause, refused = threading.Event(), 0
        for n in range(int(count)):
            while True:
                try:
                    writer.send(Reading("far", n))
                    break
                except BackPressure:
                    refused += 1
                    pause.wait(0.0005)
        say("done", writer.stats().messages)
        sys.stdin.readline()


def send_for_ever(domain: str) -> None:
    """Send until somebody ends this process."""
    with taktora.Node(domain=domain) as node:
        writer = ServiceFactory(node).create_writer(DESCRIPTOR, Reading, TinyJson(), suffix=".in")
        say("ready")
        pause = threading.Event()
        for n in range(10**9):
            writer.send(Reading("far", n))
            pause.wait(0.001)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
