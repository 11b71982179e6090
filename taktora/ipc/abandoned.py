"""Taking away what a process left that was killed while it created a service.

iceoryx2 marks a creation in this order: a service tag in the folder of the creating node, then the
service's file, which is writable until it is complete. The next node removes a dead node's tags
but not an incomplete file, and with it every later open would wait in vain (iceoryx2 issue 1584).
A file that is incomplete, and that no node of a living process has a tag for, was abandoned.
"""

from __future__ import annotations

import hashlib
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import iceoryx2 as iox

from taktora.ipc.neighbours import process_of

if TYPE_CHECKING:
    from taktora.ipc.node import Node

__all__ = ["remove_abandoned", "remove_broken", "service_hash"]


def service_hash(name: str, pattern: Any) -> str:
    """The name under which iceoryx2 files the service."""
    return hashlib.sha1(f"{int(pattern)}{name}".encode(), usedforsecurity=False).hexdigest()


def remove_abandoned(node: Node, name: str, pattern: Any) -> bool:
    """Remove a creation of ``name`` that nobody is working on; whether there was one."""
    settings = node.config.global_cfg
    stem = settings.prefix.to_string() + service_hash(name, pattern)
    file = Path(settings.service_dir.to_string()) / (
        stem + settings.service.static_config_storage_suffix.to_string()
    )
    tag = stem + settings.node.service_tag_suffix.to_string()
    try:
        if not file.stat().st_mode & stat.S_IWUSR:
            return False
        tags = Path(settings.node_dir.to_string()).glob(f"*/{tag}")
        if any(_is_alive(found.parent.name) for found in tags):
            return False
        file.unlink()
    except OSError:  # somebody else was quicker
        return False
    return True


def _is_alive(node_id: str) -> bool:
    """Whether the process of that node exists."""
    return not node_id.isdecimal() or Path(f"/proc/{process_of(int(node_id))}").exists()


def remove_broken(node: Node, name: str, pattern: Any) -> None:
    """Remove a service that is complete but that nobody, for a long time, could open."""
    with suppress(iox.ServiceRemoveError):
        node.raw.force_remove_service(iox.ServiceName.new(name), pattern)
