"""What `taktora doctor` wants to know of iceoryx2: its version, and what dead processes left."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import iceoryx2 as iox
from attrs import frozen

__all__ = ["DeadNode", "binding_version", "dead_nodes", "folder", "prefixes_in"]

_MONITOR: Final = re.compile(r"(?P<prefix>.+_)\d+\.node_monitor")


@frozen
class DeadNode:
    """A node whose process ended without closing it."""

    domain: str | None
    """Its domain, ``None`` for iceoryx2's default one."""
    process_id: int


def binding_version() -> str:
    """The version of the installed iceoryx2 binding."""
    return version("iceoryx2")


def prefixes_in(names: Iterable[str]) -> set[str]:
    """The prefixes of the nodes, alive or dead, whose files in iceoryx2's folder have ``names``."""
    matches = (_MONITOR.fullmatch(name) for name in names)
    return {match["prefix"] for match in matches if match}


def folder() -> Path:
    """Where iceoryx2 keeps its nodes and services, besides shared memory."""
    return Path(iox.config.global_config().global_cfg.root_path.to_string())


def dead_nodes() -> tuple[DeadNode, ...]:
    """The dead nodes of every domain. Changes nothing; leaves out what this user may not read."""
    settings: Any = iox.config.global_config().global_cfg
    default = settings.prefix.to_string()
    nodes = folder() / settings.node.directory.to_string()
    names = os.listdir(nodes) if os.access(nodes, os.R_OK) else []  # noqa: PTH208
    found = []
    for prefix in sorted(prefixes_in(names)):
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
