"""The EtherCAT connector: fields of SubDevices' process data as channels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from taktora.connectors.ethercat.bus_access import BusAccess
from taktora.connectors.ethercat.cycle_stats import statistics_channel
from taktora.connectors.ethercat.layout import Layout, problems_of
from taktora.connectors.ethercat.link import EthercatLink
from taktora.connectors.ethercat.options import EthercatOptions
from taktora.connectors.ethercat.routing import EthercatRouting
from taktora.connectors.ethercat.sdo_messages import sdo_channel
from taktora.connectors.link import Direction
from taktora.connectors.placement import HERE
from taktora.connectors.process_attributes import ProcessAttributes
from taktora.connectors.remote import RemoteConnector
from taktora.errors import InvalidArgument, InvalidDescriptor, WrongType

if TYPE_CHECKING:
    from taktora.config import Problem
    from taktora.connectors.descriptor import ChannelDescriptor
    from taktora.connectors.ethercat.bus import BusDriver
    from taktora.connectors.placement import Placement

__all__ = ["EthercatConnector", "EthercatRemote"]


class EthercatRemote(BusAccess, RemoteConnector):
    """The plug-in's side of a bus whose gateway ``taktora gateway`` serves. Arguments: as
    :class:`~taktora.connectors.RemoteConnector`. Needs no driver.
    """

    Routing = EthercatRouting


class EthercatConnector(BusAccess):
    """Connects to an EtherCAT bus. Outputs are written with ``create_writer``, inputs read with
    ``create_reader``; a channel's routing says which bits of which SubDevice it is.

    Outputs are present values: the last one before a cycle goes out with it. After each bring-up they
    begin with their safe values.

    Args:
        name: what it is called.
        options: of the bus.
        driver: the bus itself, such as a :class:`~.mock.MockBusDriver`; default: pysoem on
            ``options.network_interface``.
        gateway: where it lives: default ``"own process"``, whose cycle waits for nothing else; with a
            ``driver``, which cannot go to another process, ``"here"``.
        in_process: as of :class:`~taktora.connectors.Connector`.
        process: of ``"own process"``: what it asks of the kernel; default: what ``options`` say.
        **common: as :class:`~taktora.connectors.Connector`.

    Raises:
        InvalidArgument, WrongType: one of them cannot be.
    """

    Options: ClassVar[type[Any]] = EthercatOptions
    Remote: ClassVar[type[Any] | None] = EthercatRemote
    default_gateway: ClassVar[Placement] = "own process"
    requires: ClassVar[Mapping[str, str]] = {"pysoem": "taktora[ethercat]"}

    def __init__(
        self,
        name: str = "ethercat",
        *,
        options: EthercatOptions,
        driver: BusDriver | None = None,
        gateway: Placement | None = None,
        in_process: bool | None = None,
        process: ProcessAttributes | None = None,
        **common: Any,
    ) -> None:
        if not isinstance(options, EthercatOptions):
            raise WrongType(f"connector {name!r}: expected EthercatOptions, not {options!r}")
        if driver is not None and (gateway not in (None, HERE) or in_process is False):
            raise InvalidArgument(
                f"connector {name!r}: a driver cannot go to another process; leave out where its "
                f"gateway is to live"
            )
        super().__init__(
            name,
            gateway=HERE if driver is not None else gateway,
            in_process=in_process,
            process=_asked_for(options) if process is None else process,
            **common,
        )
        self.options = options
        self._driver = driver
        self._layout = Layout(options)
        sdos, statistics = sdo_channel(self.name), statistics_channel(self.name)
        self._own_channels = {
            (sdos.name, Direction.OUT): sdos,
            (sdos.name, Direction.IN): sdos,
            (statistics.name, Direction.IN): statistics,
        }

    @classmethod
    def check_channels(
        cls, options: Any, channels: Mapping[int, ChannelDescriptor[Any]]
    ) -> Iterable[Problem]:
        """Outputs that overlap, SubDevices that are not known, bits that are in no image."""
        return problems_of(options, channels)

    def make_link(self) -> EthercatLink:
        """To the bus.

        Raises:
            MissingExtra: pysoem is not installed, and no driver was given.
        """
        virtual = self._home.is_virtual
        driver = _soem(self.options) if self._driver is None else self._driver
        if not virtual:
            return EthercatLink(self.name, driver, self.options)
        return EthercatLink(self.name, driver, self.options, clock=self._home.clock, threaded=False)

    def _join(self, executor: Any) -> Any:
        if self.gateway != HERE:
            return super()._join(executor)
        self._channels.update(self._own_channels)
        try:
            return super()._join(executor)
        except BaseException:
            for key in self._own_channels:
                del self._channels[key]
            raise

    def _check(self, descriptor: Any) -> None:
        super()._check(descriptor)
        if any(descriptor.name == name for name, _ in self._own_channels):
            raise InvalidDescriptor(
                f"channel {descriptor.name!r} belongs to connector {self.name!r} itself; take another "
                f"name"
            )

    def _want(self, descriptor: ChannelDescriptor[Any], direction: Direction) -> None:
        is_new = descriptor.name not in self._layout.placed
        if isinstance(descriptor.routing, EthercatRouting):
            self._layout.add(descriptor.name, descriptor.routing)
        try:
            super()._want(descriptor, direction)
        except BaseException:
            if is_new:
                self._layout.placed.pop(descriptor.name, None)
            raise


def _asked_for(options: EthercatOptions) -> ProcessAttributes:
    """What the options want of a process that does nothing else."""
    return ProcessAttributes(
        cpus=options.affinity,
        fifo_priority=options.fifo_priority,
        lock_memory=options.lock_memory,
        freeze_gc=options.freeze_gc,
    )


def _soem(options: EthercatOptions) -> BusDriver:
    from taktora.connectors.ethercat.soem import SoemBusDriver  # MissingExtra, if it is

    driver: BusDriver = SoemBusDriver(options)
    return driver
