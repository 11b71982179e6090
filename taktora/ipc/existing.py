"""Which channels there are in a domain, whoever made them, and what they carry."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import iceoryx2 as iox

from taktora.errors import IpcError
from taktora.transport.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Container

    from taktora.ipc.node import Node

__all__ = ["existing_channels", "services_stamp"]

_SETTLED: Final = 50_000_000  # ns

# The binding hands out a service's types only once it was opened with just these types; but it
# prints all of it.
_PAYLOAD: Final = re.compile(
    r"\bpayload: TypeDetail \{\s*variant: (?P<variant>\w+),\s*"
    r"type_name: StaticString<\d+> \{ len: \d+, data: \"(?P<name>.*?)\" \},\s*"
    r"size: (?P<size>\d+),\s*alignment: (?P<alignment>\d+),"
)


def existing_channels(node: Node, known: Container[str] = ()) -> dict[str, Layout | None]:
    """Every channel of the node's domain by name, but for the ``known`` ones.

    ``None`` for one whose layout cannot be told. Costs its users nothing; a domain that changes in
    this very moment may be seen in part.

    Raises:
        IpcError: iceoryx2 could not list the services.
        PortClosed: the node was closed.
    """
    node.check_usable()
    try:
        services = iox.Service.list(node.config, iox.ServiceType.Ipc)
    except iox.ServiceListError as exc:
        raise IpcError(f"iceoryx2 could not list the channels: {exc}") from exc
    found: dict[str, Layout | None] = {}
    for service in services:
        if service.messaging_pattern() != iox.MessagingPattern.PublishSubscribe:
            continue
        name = service.name().to_string()
        if name not in known:
            found[name] = _layout_of(service)
    return found


def _layout_of(service: Any) -> Layout | None:
    told = _PAYLOAD.search(str(service))
    if told is None:
        return None
    return Layout(
        told["name"], int(told["size"]), int(told["alignment"]), told["variant"] == "Dynamic"
    )


def services_stamp(node: Node) -> int | None:
    """A number that changes whenever a service comes or goes; ``None`` while it cannot be told.

    Listing the services of a busy domain takes milliseconds, this two microseconds.
    """
    settings: Any = node.config.global_cfg
    folder = Path(settings.root_path.to_string()) / settings.service.directory.to_string()
    try:
        changed = folder.stat().st_mtime_ns
    except OSError:
        return None
    # two changes within one tick of the file system's clock have one stamp
    return changed if time.time_ns() - changed > _SETTLED else None
