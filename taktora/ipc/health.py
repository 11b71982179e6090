"""What `taktora doctor` wants to know of iceoryx2: its version, and what dead processes left."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import iceoryx2 as iox
from attrs import frozen

__all__ = ["DeadNode", "binding_version", "dead_nodes", "prefixes_in"]

_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - that is where POSIX shared memory is
_FILE: Final = re.compile(r"(?P<prefix>.*?_)[0-9a-f]{40}_")
_COUNTER: Final = ".global_mgmt"  # stays behind a clean end, too


@frozen
class DeadNode:
    """A node whose process ended without closing it."""

    domain: str | None
    """Its domain, ``None`` for iceoryx2's default one."""
    process_id: int


def binding_version() -> str:
    """The version of the installed iceoryx2 binding."""
    return version("iceoryx2")


def prefixes_in(names: list[str]) -> set[str]:
    """The prefixes of those ``names`` of files that iceoryx2 made and that a node uses or used."""
    matches = (_FILE.match(name) for name in names if not name.endswith(_COUNTER))
    return {match["prefix"] for match in matches if match}


def dead_nodes() -> tuple[DeadNode, ...]:
    """The dead nodes of every domain that has files in shared memory. Changes nothing.

    Nodes whose files this user may not read are left out.
    """
    default = iox.config.global_config().global_cfg.prefix.to_string()
    found = []
    for prefix in sorted(prefixes_in([path.name for path in _SHARED_MEMORY.iterdir()])):
        config: Any = iox.config.global_config()
        config.global_cfg.prefix = iox.FileName.new(prefix)
        try:
            states = iox.Node.list(iox.ServiceType.Ipc, config)
        except iox.NodeListFailure:  # another user's
            continue
        domain = None if prefix == default else prefix.removesuffix("_")
        found += [
            DeadNode(domain, state[0].details.process_id)
            for state in states
            if isinstance(state, iox.NodeState.Dead) and state[0].details is not None
        ]
    return tuple(found)
