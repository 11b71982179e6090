"""Cyclone DDS (Python): reliable, keep-last 1, loopback only, a WaitSet with a read condition on both sides.

The payload is ``array[uint8, size]``: the one byte type that this binding moves as ``bytes`` in one piece.
``sequence[uint8]`` goes through ``struct`` element by element (1 MB: 22 ms to encode, 6 ms to decode) and would measure that.
Fragments are as large as loopback UDP takes them; the default of 1344 bytes suits Ethernet.
The wait is a ctypes call that no Python signal handler can end: it comes back every 100 ms to let one run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from benchmarks.harness import Batch
from benchmarks.peers.wire import (
    answer_to,
    as_echo,
    decode,
    echo_process,
    encode,
    in_place,
    needs,
    round_trips,
    until,
)

__all__ = ["available", "open_pair"]

DOMAIN = 77
SLICE_NS = 100_000_000
CONFIG = """
<General>
  <Interfaces><NetworkInterface name="lo" multicast="false"/></Interfaces>
  <AllowMulticast>false</AllowMulticast>
  <MaxMessageSize>65500B</MaxMessageSize><FragmentSize>65000B</FragmentSize>
</General>
<Discovery><ParticipantIndex>auto</ParticipantIndex><Peers><Peer address="127.0.0.1"/></Peers></Discovery>
"""


def available() -> str | None:
    return needs("cyclonedds", "cyclonedds")


def _bytes_type(size: int) -> Any:
    """An IDL struct that holds ``size`` bytes."""
    from cyclonedds.idl import make_idl_struct
    from cyclonedds.idl.types import array, uint8

    name = f"Bytes{size}"
    return make_idl_struct(name, f"bench.{name}", {"data": array[uint8, size]})


class _Endpoint:
    """One side of the pair: writes one topic, waits for the other."""

    def __init__(self, outgoing: tuple[str, int], incoming: tuple[str, int]) -> None:
        from cyclonedds.core import InstanceState, ReadCondition, SampleState, ViewState, WaitSet
        from cyclonedds.domain import Domain, DomainParticipant
        from cyclonedds.pub import DataWriter
        from cyclonedds.qos import Policy, Qos
        from cyclonedds.sub import DataReader
        from cyclonedds.topic import Topic
        from cyclonedds.util import duration

        qos = Qos(
            Policy.Reliability.Reliable(max_blocking_time=duration(seconds=5)),
            Policy.History.KeepLast(1),
        )
        self._domain = Domain(DOMAIN, CONFIG)
        self._participant = DomainParticipant(DOMAIN)
        self.type_out = _bytes_type(outgoing[1])
        self._topics = (
            Topic(self._participant, outgoing[0], self.type_out),
            Topic(self._participant, incoming[0], _bytes_type(incoming[1])),
        )
        self._writer = DataWriter(self._participant, self._topics[0], qos=qos)
        self._reader = DataReader(self._participant, self._topics[1], qos=qos)
        self._new = ReadCondition(
            self._reader, SampleState.Any | ViewState.Any | InstanceState.Alive
        )
        self._waitset = WaitSet(self._participant)
        self._waitset.attach(self._new)

    def matched(self) -> bool:
        return bool(
            self._writer.get_matched_subscriptions() and self._reader.get_matched_publications()
        )

    def send(self, data: bytes | bytearray) -> None:
        self._writer.write(self.type_out(data=data))

    def receive(self) -> bytes:
        while True:
            self._waitset.wait(SLICE_NS)
            for sample in self._reader.take(condition=self._new):
                data: bytes = sample.data
                return data

    def close(self) -> None:
        """Let go from the leaves to the root: an entity ends when its last reference does."""
        for name in (
            "_waitset",
            "_new",
            "_reader",
            "_writer",
            "_topics",
            "_participant",
            "_domain",
        ):
            delattr(self, name)


def _serve(size: int, tag: str, ready: Callable[[], None]) -> None:
    end = _Endpoint((f"back{tag}", 8), (f"there{tag}", size))
    until(end.matched, "cyclonedds: a match")
    ready()
    while True:
        end.send(encode(answer_to(end.receive())))


@contextmanager
def open_pair(size: int) -> Iterator[Batch]:
    tag = str(os.getpid())
    end = _Endpoint((f"there{tag}", size), (f"back{tag}", 8))

    def exchange(payload: bytearray) -> int:
        end.send(payload)
        return decode(end.receive())

    with closing(end), echo_process(__name__, str(size), tag):
        until(end.matched, "cyclonedds: a match")
        yield round_trips(in_place(size), exchange)


if __name__ == "__main__":
    as_echo(lambda ready: _serve(int(sys.argv[2]), sys.argv[3], ready))
