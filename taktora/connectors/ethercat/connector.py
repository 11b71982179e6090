"""The EtherCAT connector: fields of SubDevices' process data as channels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from taktora.connectors.ethercat.bus_access import BusAccess
from taktora.connectors.ethercat.cycle_stats import statistics_channel
from taktora.connectors.ethercat.layout import Layout, problems_of
from taktora.connectors.ethercat.link import EthercatLink
from taktora.connectors.ethercat.options import EthercatOptions
from taktora.connectors.ethercat.routing import EthercatRouting
from taktora.connectors.ethercat.sdo_messages import sdo_channel
from taktora.connectors.link import Direction
from taktora.connectors.remote import RemoteConnector
from taktora.errors import InvalidArgument, MissingExtra, WrongType

if TYPE_CHECKING:
    from taktora.config import Problem
    from taktora.connectors.descriptor import ChannelDescriptor
    from taktora.connectors.ethercat.bus import BusDriver

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
        in_process: whether the gateway is an actor of the executor that the connector is registered
            with, whose cycle then waits for whatever else runs there. Default: only with a ``driver``,
            which cannot go to another process.
        **common: as :class:`~taktora.connectors.Connector`.

    Raises:
        InvalidArgument, WrongType: one of them cannot be.
    """

    Options: ClassVar[type[Any]] = EthercatOptions
    Remote: ClassVar[type[Any] | None] = EthercatRemote
    requires: ClassVar[Mapping[str, str]] = {"pysoem": "taktora[ethercat]"}

    def __init__(
        self,
        name: str = "ethercat",
        *,
        options: EthercatOptions,
        driver: BusDriver | None = None,
        in_process: bool | None = None,
        **common: Any,
    ) -> None:
        if not isinstance(options, EthercatOptions):
            raise WrongType(f"connector {name!r}: expected EthercatOptions, not {options!r}")
        if driver is not None and in_process is False:
            raise InvalidArgument(
                f"connector {name!r}: a driver cannot go to another process; leave in_process out"
            )
        here = driver is not None if in_process is None else in_process
        super().__init__(name, in_process=here, **common)
        self.options = options
        self._driver = driver
        self._layout = Layout(options)
        for channel, direction in (
            (sdo_channel(self.name), Direction.OUT),
            (sdo_channel(self.name), Direction.IN),
            (statistics_channel(self.name), Direction.IN),
        ):
            self._channels[channel.name, direction] = channel

    @classmethod
    def from_options(cls, name: str, options: Any, **common: Any) -> Self:
        """The gateway's side, as a configuration describes it."""
        return cls(name, options=options, **{"in_process": True, **common})

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


def _soem(options: EthercatOptions) -> BusDriver:
    try:
        from taktora.connectors.ethercat.soem import SoemBusDriver
    except ImportError as error:
        raise MissingExtra(
            "an EtherCAT bus needs pysoem: pip install 'taktora[ethercat]'"
        ) from error
    driver: BusDriver = SoemBusDriver(options)
    return driver
