"""The network interfaces of this computer, for whoever did not say which one."""

from __future__ import annotations

import socket

from taktora.cli.ethercat.tables import lines_of
from taktora.connectors.ethercat.nic import Interface, look_up
from taktora.errors import BusError

__all__ = ["as_text", "interfaces"]


def interfaces() -> list[Interface]:
    """Those in the network namespace of this thread."""
    found = []
    for _, name in socket.if_nameindex():
        try:
            found.append(look_up(name))
        except BusError:  # gone meanwhile
            continue
    return found


def as_text(found: list[Interface]) -> str:
    """One line for each, those that EtherCAT can use first."""
    if not found:
        return "there are no network interfaces"
    rows = [(one.name, _words(one)) for one in sorted(found, key=lambda one: not one.is_ethernet)]
    return "network interfaces:\n" + lines_of(rows, indent="  ")


def _words(one: Interface) -> str:
    if not one.is_ethernet:
        return "no Ethernet"
    if not one.is_up:
        return f"down (sudo ip link set {one.name} up)"
    return "up, with a carrier" if one.has_carrier else "up, no carrier: is the cable in?"
