"""The two ways to an object: on a bus that nobody drives, or through the gateway that drives it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from taktora.cli.ending import FAILED, REFUSED, CommandError
from taktora.cli.ethercat.opening import WHERE_IS_IT, browsing, found_on, working
from taktora.connectors.health import Connecting, Down
from taktora.errors import BusError, TaktoraError

if TYPE_CHECKING:
    from taktora.connectors.ethercat.connector import EthercatRemote
    from taktora.connectors.ethercat.object_descriptions import ObjectDescription

__all__ = ["Way", "no_gateway", "way_of"]


class Way(Protocol):
    """What objects are accessed by."""

    def describe(self, position: int, index: int) -> ObjectDescription:
        """What the SubDevice says of an object; ``BusError``: nothing."""
        ...

    def read_sdo(
        self, position: int, index: int, subindex: int, *, complete: bool = False
    ) -> bytes:
        """Upload it."""
        ...

    def write_sdo(
        self, position: int, index: int, subindex: int, data: bytes, *, complete: bool = False
    ) -> None:
        """Download it."""
        ...


@contextmanager
def way_of(options: argparse.Namespace) -> Iterator[Way]:
    """``--nic``, or ``--gateway``.

    Raises:
        CommandError: it cannot be gone, or what was asked for failed.
    """
    if options.gateway is None:
        with browsing(options) as bus:
            found_on(bus, options.nic)
            bus.check_objects(options.position)
            yield bus
        return
    if options.nic is not None:
        raise CommandError("give --nic or --gateway, not both", REFUSED)
    with _gateway(options.gateway, options.domain) as way:
        yield way


class _Gateway:
    """A gateway that runs elsewhere."""

    def __init__(self, remote: EthercatRemote) -> None:
        self._remote = remote

    def describe(self, position: int, index: int) -> ObjectDescription:
        """It passes no questions about objects on."""
        raise BusError(f"object 0x{index:04X} of SubDevice {position} is not described")

    def read_sdo(
        self, position: int, index: int, subindex: int, *, complete: bool = False
    ) -> bytes:
        """Upload it."""
        data: bytes = self._remote.read_sdo(position, index, subindex, complete=complete)
        return data

    def write_sdo(
        self, position: int, index: int, subindex: int, data: bytes, *, complete: bool = False
    ) -> None:
        """Download it."""
        self._remote.write_sdo(position, index, subindex, data, complete=complete)


@contextmanager
def _gateway(name: str, domain: str | None) -> Iterator[Way]:
    from taktora.connectors.ethercat.connector import EthercatRemote
    from taktora.connectors.host import ConnectorHost
    from taktora.runner import Runner

    try:
        host = ConnectorHost(worker_threads=0, domain=domain)
    except TaktoraError as error:
        raise CommandError(str(error), REFUSED) from error
    with host:
        try:
            remote = host.register(EthercatRemote(name))
            with working(f"waiting for the gateway of {name}"):
                host.executor.run_until(lambda: not isinstance(remote.health, Connecting))
        except TaktoraError as error:
            raise CommandError(str(error), REFUSED) from error
        if isinstance(remote.health, Down):
            raise CommandError(no_gateway(name, remote.health.reason), REFUSED)
        try:
            with Runner(host.executor):
                yield _Gateway(remote)
        except TaktoraError as error:
            raise CommandError(str(error), FAILED) from error


def no_gateway(name: str, reason: str) -> str:
    """That nobody serves the connector, or its bus is down."""
    return f"connector {name!r} is down: {reason}\n{WHERE_IS_IT}"
