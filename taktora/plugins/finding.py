"""Which plug-ins of a group are installed, and the one of a name."""

from __future__ import annotations

import difflib
import importlib.metadata
from collections.abc import Iterable
from importlib.metadata import EntryPoint
from typing import Protocol

from taktora.errors import UnknownPlugin
from taktora.plugins.plugin import Plugin, kind_of

__all__ = ["find", "installed"]


class EntryPoints(Protocol):
    """As :func:`importlib.metadata.entry_points`."""

    def __call__(self, *, group: str) -> Iterable[EntryPoint]:
        """The entry points of a group."""


def installed(
    group: str, *, entry_points: EntryPoints = importlib.metadata.entry_points
) -> dict[str, Plugin]:
    """Every plug-in of a group by its name, in alphabetical order. None of them is imported.

    Args:
        group: such as ``taktora.codecs``.
        entry_points: where to look; what is installed, unless a test knows better.
    """
    found: dict[str, list[EntryPoint]] = {}
    for one in entry_points(group=group):
        found.setdefault(one.name, []).append(one)
    return {name: _plugin(group, *found[name]) for name in sorted(found)}


def find(
    group: str, name: str, *, entry_points: EntryPoints = importlib.metadata.entry_points
) -> Plugin:
    """The plug-in of that name.

    Raises:
        UnknownPlugin: there is none; the message names similar ones, and all that there are.
    """
    every = installed(group, entry_points=entry_points)
    if name in every:
        return every[name]
    near = difflib.get_close_matches(str(name), every, n=2)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    there = f"installed: {', '.join(every)}" if every else "none is installed"
    raise UnknownPlugin(f"no {kind_of(group)} is called {name!r}{hint} ({there})")


def _plugin(group: str, *same: EntryPoint) -> Plugin:
    brought = sorted(same, key=lambda one: _distribution(one)[0])
    distribution, version = _distribution(brought[0])
    return Plugin(
        name=brought[0].name,
        group=group,
        distribution=distribution,
        version=version,
        rivals=tuple(_distribution(one)[0] for one in brought[1:]),
        entry_point=brought[0],
    )


def _distribution(one: EntryPoint) -> tuple[str, str]:
    if one.dist is None:
        return "unknown", "unknown"
    return one.dist.name, one.dist.version
