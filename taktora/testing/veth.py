"""Two network interfaces with a cable between them, made by asking the kernel: no program is needed.

rtnetlink(7): what is sent at one end of a veth pair, veth(4), arrives at the other.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from typing import Final

__all__ = ["remove", "set_mtu", "set_up", "veth_pair"]

_HEADER: Final = struct.Struct("IHHII")  # nlmsghdr: length, type, flags, sequence, port
_LINK: Final = struct.Struct("BxHiII")  # ifinfomsg: family, type, index, flags, mask
_ATTRIBUTE: Final = struct.Struct("HH")  # rtattr: length, type
_NLMSG_ERROR: Final = 2
_RTM_NEWLINK: Final = 16
_RTM_DELLINK: Final = 17
_REQUEST_ACK: Final = 0x1 | 0x4
_CREATE_NEW: Final = 0x200 | 0x400
_IFLA_IFNAME: Final = 3
_IFLA_MTU: Final = 4
_IFLA_LINKINFO: Final = 18
_IFLA_INFO_KIND: Final = 1
_IFLA_INFO_DATA: Final = 2
_VETH_INFO_PEER: Final = 1
_NETLINK_ROUTE: Final = 0
_RTMGRP_LINK: Final = 1
_IFF_UP: Final = 0x1
_IFF_RUNNING: Final = 0x40
_PATIENCE: Final = 10.0  # seconds for what takes the kernel some microseconds


def veth_pair(one: str, other: str) -> None:
    """Make a pair of interfaces in the network namespace of this thread, both up and ready to send.

    Raises:
        PermissionError: CAP_NET_ADMIN is missing.
        OSError: a name is taken or impossible, or the kernel has no veth.
    """
    peer = _LINK.pack(0, 0, 0, 0, 0) + _attribute(_IFLA_IFNAME, _text(other))
    kind = _attribute(_IFLA_INFO_KIND, b"veth") + _attribute(
        _IFLA_INFO_DATA, _attribute(_VETH_INFO_PEER, peer)
    )
    body = (
        _LINK.pack(0, 0, 0, 0, 0)
        + _attribute(_IFLA_IFNAME, _text(one))
        + _attribute(_IFLA_LINKINFO, kind)
    )
    with _netlink(_RTMGRP_LINK) as events:
        _request(body, _CREATE_NEW)
        for name in (one, other):
            set_up(name)
        _until_running(events, {socket.if_nametoindex(one), socket.if_nametoindex(other)})


def set_up(name: str, *, up: bool = True) -> None:
    """Switch an interface on or off, as ``ip link set NAME up`` does.

    Raises:
        PermissionError: CAP_NET_ADMIN is missing.
        OSError: there is none of that name.
    """
    index = socket.if_nametoindex(name)
    _request(_LINK.pack(0, 0, index, _IFF_UP if up else 0, _IFF_UP), 0)


def set_mtu(name: str, mtu: int) -> None:
    """The longest payload of a frame, in bytes, as ``ip link set NAME mtu MTU`` does.

    Raises:
        PermissionError: CAP_NET_ADMIN is missing.
        OSError: there is none of that name, or it cannot have that MTU.
    """
    index = socket.if_nametoindex(name)
    _request(_LINK.pack(0, 0, index, 0, 0) + _attribute(_IFLA_MTU, struct.pack("I", mtu)), 0)


def remove(name: str) -> None:
    """Remove an interface, and the other one of its pair with it.

    Raises:
        PermissionError: CAP_NET_ADMIN is missing.
        OSError: there is none of that name.
    """
    _request(_LINK.pack(0, 0, socket.if_nametoindex(name), 0, 0), 0, kind=_RTM_DELLINK)


def _netlink(groups: int = 0) -> socket.socket:
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_ROUTE)
    made.settimeout(_PATIENCE)
    made.bind((0, groups))
    return made


def _request(body: bytes, flags: int, *, kind: int = _RTM_NEWLINK) -> None:
    with _netlink() as asking:
        length = _HEADER.size + len(body)
        asking.send(_HEADER.pack(length, kind, _REQUEST_ACK | flags, 1, 0) + body)
        for told, answer in _messages(asking.recv(65536)):
            number = -struct.unpack_from("i", answer)[0] if told == _NLMSG_ERROR else 0
            if number:
                raise OSError(number, f"network interface: {os.strerror(number)}")


def _until_running(events: socket.socket, waiting: set[int]) -> None:
    """An interface that is up drops what it sends until the kernel has seen its carrier."""
    while waiting:
        for kind, body in _messages(events.recv(65536)):
            if kind == _RTM_NEWLINK:
                _, _, index, flags, _ = _LINK.unpack_from(body)
                if flags & _IFF_RUNNING:
                    waiting.discard(index)


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(data)
        yield kind, data[_HEADER.size : length]
        data = data[(length + 3) & ~3 :]


def _attribute(kind: int, value: bytes) -> bytes:
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + bytes(-length % 4)


def _text(name: str) -> bytes:
    return os.fsencode(name) + b"\0"
