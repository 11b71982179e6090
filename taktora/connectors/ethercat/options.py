"""What a configuration may say of an EtherCAT connector."""

from __future__ import annotations

from typing import Any, Final, Literal

from attrs import field, frozen

from taktora.connectors.ethercat.checking import boolean, duration, listed, one_of, tuple_of, whole
from taktora.connectors.ethercat.subdevice_map import SubDeviceMap
from taktora.errors import InvalidArgument, WrongType
from taktora.time import Duration, to_nanos

__all__ = ["SHORTEST_CYCLE", "EthercatOptions"]

SHORTEST_CYCLE: Final = 0.001
"""Seconds."""
_LONGEST_INTERFACE: Final = 15  # IFNAMSIZ, less the zero


def _interface(_: Any, __: Any, value: Any) -> None:
    if not isinstance(value, str):
        raise WrongType(f"network_interface must be a name such as 'eth1', not {value!r}")
    if not 1 <= len(value) <= _LONGEST_INTERFACE or "/" in value or value.split() != [value]:
        raise InvalidArgument(
            f"network_interface must be a name of 1 to {_LONGEST_INTERFACE} characters such as "
            f"'eth1', without spaces and slashes, not {value!r}"
        )


def _subdevices(_: Any, attribute: Any, value: tuple[SubDeviceMap, ...]) -> None:
    tuple_of(SubDeviceMap)(_, attribute, value)
    positions: dict[int, int] = {}
    names: dict[str, int] = {}
    for index, one in enumerate(value):
        first = positions.setdefault(one.subdevice, index)
        if first != index:
            raise InvalidArgument(
                f"subdevices[{index}] is SubDevice {one.subdevice}, as subdevices[{first}] is"
            )
        if one.name is not None and (first := names.setdefault(one.name, index)) != index:
            raise InvalidArgument(
                f"subdevices[{index}] is called {one.name!r}, as subdevices[{first}] is"
            )


def _longer_than_cycle(its: EthercatOptions, attribute: Any, value: Any) -> None:
    _subdevices(its, attribute, value)
    cycle = to_nanos(its.cycle_time)
    for index, one in enumerate(value):
        if one.sm_watchdog is None:
            continue
        watchdog = to_nanos(one.sm_watchdog, zero=True)
        if 0 < watchdog <= cycle:
            raise InvalidArgument(
                f"sm_watchdog of subdevices[{index}] is {watchdog / 1e6:g} ms, and must be longer "
                f"than cycle_time ({cycle / 1e6:g} ms): each cycle would be too late for it"
            )


def _more_than_tolerated(its: EthercatOptions, attribute: Any, value: Any) -> None:
    whole(1)(its, attribute, value)
    if value <= its.working_counter_tolerance:
        raise InvalidArgument(
            f"lost_frames must be more than working_counter_tolerance "
            f"({its.working_counter_tolerance}), not {value}"
        )


def _affinity(_: Any, attribute: Any, value: Any) -> None:
    if value is None:
        return
    tuple_of(int)(_, attribute, value)
    if not value:
        raise InvalidArgument("affinity must name at least one CPU")
    for one in value:
        if isinstance(one, bool) or one < 0:
            raise InvalidArgument(f"affinity must hold CPU numbers, 0 or more, not {one}")


@frozen
class EthercatOptions:
    """Which bus, how often, and what to think of it. Durations are seconds or ``timedelta``.

    Raises:
        InvalidArgument, WrongType: a value that cannot be.
    """

    network_interface: str = field(validator=_interface)
    """Of the MainDevice, such as ``"eth1"``; nothing else may use it."""
    cycle_time: Duration = field(default=0.002, validator=duration(least=SHORTEST_CYCLE))
    """1 ms or more."""
    subdevices: tuple[SubDeviceMap, ...] = field(
        default=(), converter=listed, validator=_longer_than_cycle
    )
    """What is to be known of SubDevices; whoever is not named is taken as it is."""
    distributed_clocks: bool = field(default=False, validator=boolean)
    """Set them up, and keep them together with each cycle."""
    publish: Literal["change", "cycle"] = field(
        default="change", validator=one_of("change", "cycle")
    )
    """An input channel is told when its bits change, or in each cycle."""
    working_counter_tolerance: int = field(default=3, validator=whole(0))
    """So many bad cycles in a row are nothing to speak of."""
    lost_frames: int = field(default=50, validator=_more_than_tolerated)
    """After so many lost in a row the bus is down."""
    sweep_period: Duration = field(default=0.1, validator=duration())
    """How often every SubDevice is asked for its state."""
    frame_timeout: Duration = field(default=0.002, validator=duration())
    """A frame that is not back by then is lost."""
    state_timeout: Duration = field(default=2.0, validator=duration())
    """A SubDevice that has not changed its state by then has failed to."""
    sdo_timeout: Duration = field(default=0.7, validator=duration())
    """A mailbox that has not answered by then has failed to."""
    affinity: tuple[int, ...] | None = field(default=None, converter=listed, validator=_affinity)
    """CPUs of the gateway's process, its own or that of ``taktora gateway``; ``None``: any. A gateway
    in your process changes nothing of that: this, and the next three, are not for it."""
    fifo_priority: int | None = field(default=None, validator=whole(1, 99, optional=True))
    """SCHED_FIFO, 1 (lowest) to 99; needs root or an rtprio limit. ``None``: the usual scheduling."""
    lock_memory: bool = field(default=False, validator=boolean)
    """Keep the gateway's process in memory (mlockall(2)); needs root or a memlock limit."""
    freeze_gc: bool = field(default=True, validator=boolean)
    """In a gateway's own process, no garbage collection once it is running."""

    def position_of(self, subdevice: int | str) -> int | None:
        """Position of a SubDevice by its name, or as it is; ``None``: there is no such name."""
        if isinstance(subdevice, int):
            return subdevice
        return next((one.subdevice for one in self.subdevices if one.name == subdevice), None)

    def map_of(self, position: int) -> SubDeviceMap | None:
        """What is said of the SubDevice at ``position``."""
        return next((one for one in self.subdevices if one.subdevice == position), None)

    def label_of(self, position: int) -> str:
        """For people: ``SubDevice 2 (axis)``."""
        its = self.map_of(position)
        return f"SubDevice {position}" if its is None else its.label
