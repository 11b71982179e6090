"""A network interface before EtherCAT uses it: is it there, up, and an Ethernet interface?

All by ioctl on a socket, netdevice(7): unlike files under ``/sys``, a socket belongs to the network
namespace of the thread that makes it.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import socket
import struct
from typing import Final

from attrs import frozen

from taktora.closing import Closing
from taktora.connectors.ethercat.nic_lock import NicLock
from taktora.connectors.ethercat.privileges import refused_raw_socket
from taktora.errors import BusError

__all__ = ["Interface", "Nic", "look_up", "usable_interface"]

_SIOCGIFNAME: Final = 0x8910
_SIOCGIFFLAGS: Final = 0x8913
_SIOCGIFMTU: Final = 0x8921
_SIOCGIFHWADDR: Final = 0x8927
_IFREQ: Final = struct.Struct("16s24x")
_BY_POINTER: Final = struct.Struct("16sP16x")
_BY_INDEX: Final = struct.Struct("16xi20x")
_IFF_UP: Final = 0x1
_SIOCETHTOOL: Final = 0x8946
_ETHTOOL_GLINK: Final = 0x0A
_ARPHRD_ETHER: Final = 1
_MTU: Final = 1500  # what a full EtherCAT frame needs


@frozen
class Interface:
    """What the kernel says of a network interface."""

    name: str
    index: int
    is_up: bool
    """Administratively: ``ip link set NAME up`` was done."""
    has_carrier: bool
    """A cable is plugged in, with something switched on at its other end."""
    is_ethernet: bool
    mtu: int
    """Longest payload of a frame, in bytes."""


def look_up(name: str) -> Interface:
    """What is known of the interface in the network namespace of this thread.

    Raises:
        BusError: there is none of that name; the text lists those that there are.
    """
    try:
        index = socket.if_nametoindex(name)
    except OSError as error:
        there = ", ".join(known for _, known in socket.if_nameindex()) or "none"
        raise BusError(f"there is no network interface {name!r}; there are: {there}") from error
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        name = socket.if_indextoname(index)  # an alternative name is no name for ioctl
        flags = _ask(asking, _SIOCGIFFLAGS, name, "H")
        return Interface(
            name=name,
            index=index,
            is_up=bool(flags & _IFF_UP),
            has_carrier=_has_carrier(asking, name),
            is_ethernet=_ask(asking, _SIOCGIFHWADDR, name, "H") == _ARPHRD_ETHER,
            mtu=_ask(asking, _SIOCGIFMTU, name, "i"),
        )


def usable_interface(name: str) -> Interface:
    """The interface, if EtherCAT frames can be sent and received on it by this process now.

    A missing carrier is no error: whether anything answers is seen when it is asked.

    Raises:
        BusError: it is not there, down, no Ethernet, its MTU is too small, or raw sockets are not
            allowed: with the command that mends it.
    """
    found = look_up(name)
    if not found.is_ethernet:
        raise BusError(f"{found.name} is no Ethernet interface, which EtherCAT needs")
    try:
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    except PermissionError as error:
        raise BusError(refused_raw_socket(found.name)) from error
    with raw:
        if not found.is_up:
            raise BusError(f"{found.name} is down: sudo ip link set {found.name} up")
        if found.mtu < _MTU:
            raise BusError(
                f"the MTU of {found.name} is {found.mtu}, and EtherCAT frames need {_MTU}: "
                f"sudo ip link set {found.name} mtu {_MTU}"
            )
    return found


class Nic(Closing):
    """An interface that is driven from here until :meth:`close`. One thread at a time.

    Raises:
        BusError: it cannot be used, or somebody drives it already.
    """

    def __init__(self, name: str) -> None:
        found = usable_interface(name)
        self.name = found.name
        self._request = _BY_INDEX.pack(found.index)
        self._lock = NicLock(found.name, found.index)
        # asks in this thread's network namespace, whichever thread uses it later
        self._asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def check(self) -> None:
        """Make sure that it is still there; being down is not being gone.

        Raises:
            BusError: it was removed, or moved to another network namespace.
        """
        try:
            fcntl.ioctl(self._asking, _SIOCGIFNAME, self._request)
        except OSError as error:
            if error.errno != errno.ENODEV:
                raise
            raise BusError(f"the network interface {self.name} is gone") from error

    def close(self) -> None:
        """Let others drive it. Idempotent."""
        self._asking.close()
        self._lock.close()


def _ask(asking: socket.socket, request: int, name: str, form: str) -> int:
    answer = fcntl.ioctl(asking, request, _IFREQ.pack(os.fsencode(name)))
    value: int = struct.unpack_from(form, answer, 16)[0]
    return value


def _has_carrier(asking: socket.socket, name: str) -> bool:
    """At this moment: the flag IFF_RUNNING may be a second late."""
    value = (ctypes.c_uint32 * 2)(_ETHTOOL_GLINK)
    request = _BY_POINTER.pack(os.fsencode(name), ctypes.addressof(value))
    try:
        fcntl.ioctl(asking, _SIOCETHTOOL, request)
    except OSError:
        return True  # an interface that cannot tell, as the loopback one
    return bool(value[1])
