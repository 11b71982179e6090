"""Removing the one file that iceoryx2 leaves in shared memory per domain.

iceoryx2 keeps a 16-byte node counter per prefix and never removes it, so every domain that was
ever used, such as one per test, would leave a file. The counter is one of three parts of a node
id, beside the process id and the time, and is read only while a node is being created. So once a
domain has no nodes, starting it again from zero is harmless, and a node that is starting in that
very moment either has its number already or makes a new file. The default domain is left alone:
it is shared with programs that are not ours.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import iceoryx2 as iox

__all__ = ["is_listed", "remove_node_counter"]

_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - that is where POSIX shared memory is


def remove_node_counter(config: Any, prefix: str) -> None:
    """Remove the counter of the domain with that ``prefix``, unless another process has a node.

    Call it when this process has none open any more. One that was closed may still be listed,
    kept by a payload view; it needs no number again.
    """
    try:
        nodes = iox.Node.list(iox.ServiceType.Ipc, config)
    except iox.NodeListFailure:
        return
    if any(_owner_of(node) != os.getpid() for node in nodes):
        return
    counter = re.compile(re.escape(prefix) + r"[0-9a-f]+_node\.[0-9_]+\.global_mgmt")
    with suppress(OSError):
        for path in _SHARED_MEMORY.glob(f"{prefix}*.global_mgmt"):
            if counter.fullmatch(path.name):
                path.unlink(missing_ok=True)


def is_listed(config: Any) -> bool:
    """Whether a node of this process is still there: closed or not, something holds a part of it."""
    try:
        nodes = iox.Node.list(iox.ServiceType.Ipc, config)
    except iox.NodeListFailure:
        return False
    return any(_owner_of(node) == os.getpid() for node in nodes)


def _owner_of(node: Any) -> int | None:
    """Process id of a listed node; ``None`` when it cannot be told."""
    identity = getattr(getattr(node, "_0", None), "id", None)
    return None if identity is None else int(identity.pid(iox.ServiceType.Ipc))
