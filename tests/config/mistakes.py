"""Valid files, and mistakes that can be planted in them, each with the path where it must show."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from attrs import frozen
from hypothesis import strategies as st

from taktora.config import Path
from taktora.config.problems import path_text

REMOVE = object()


@frozen
class Mistake:
    """One change of one place of a tree."""

    at: Path
    """The key that is set, or removed."""
    value: Any
    reported: Path
    reads: tuple[Path, ...] = ()
    """What must be right for this to be noticed."""

    def plant(self, tree: Any) -> None:
        for step in self.at[:-1]:
            tree = tree[step]
        if self.value is REMOVE:
            del tree[self.at[-1]]
        elif isinstance(self.value, tuple):  # a key is renamed
            tree[self.value[0]] = tree.pop(self.at[-1])
        else:
            tree[self.at[-1]] = self.value

    def disturbs(self, other: Mistake) -> bool:
        touched = (self.at, self.reported)
        return any(_meet(one, two) for one in touched for two in (other.at, *other.reads))

    def __repr__(self) -> str:
        value = "removed" if self.value is REMOVE else repr(self.value)
        return f"{path_text(self.at)} {value}"


def _meet(one: Path, other: Path) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """A file with every key given, and no mistake."""
    count = draw(st.integers(1, 3))
    return {
        "domain": "rig-2",
        "connectors": [_connector(one, draw(st.integers(0, 3))) for one in range(count)],
    }


def _connector(number: int, channels: int) -> dict[str, Any]:
    return {
        "name": f"connector {number}",
        "type": "bench",
        "codec": "json",
        "queue": 8,
        "heartbeat": "20 ms",
        "stale_after": 0.2,
        "checksum": "auto",
        "reconnect": {"initial": "10 ms", "maximum": "1 s", "growth": 2, "jitter": 0.5},
        "options": {"address": "eth0", "rate": 2},
        "channels": [
            {
                "name": f"channel {number}/{one}",
                "direction": "both",
                "max_payload": 100,
                "codec": "raw",
                "routing": {"offset": one, "signed": True},
            }
            for one in range(channels)
        ],
    }


SCALARS: dict[str, list[Any]] = {
    "name": [5, "", True, [], "\u00e9", "x" * 300, REMOVE, ("nmae",)],
    "type": ["benhc", "zenoh", "broken", 1, {}, REMOVE, ("tpye",)],
    "codec": ["jsonn", 1, False, ("codek",)],
    "queue": [0, -1, "8", 8.0, True, 70_000, 2**70, ("quue",)],
    "heartbeat": ["fast", "20", "20 msec", 0, -1, True, [], 1e300, ("hartbeat",)],
    "stale_after": ["", "1 parsec", 0, "-1 s", {}, ("stale-aftr",)],
    "checksum": ["none", "Frame", "", 1, True, [], ("cheksum",)],
    "initial": ["0 s", -0.5, False, ("inital",)],
    "maximum": ["a while", 0, ("maxium",)],
    "growth": [0.5, "2", True, float("1e309"), ("grwth",)],
    "jitter": [-0.1, 1.5, "none", ("jiter",)],
    "address": [1, None, REMOVE, ("adress",)],
    "rate": [0, 11, "1", True, ("rrate",)],
    "direction": ["outt", "OUT", 1, True, ("drection",)],
    "max_payload": [0, -5, 4.5, "4096", 2**32, ("max_paylod",)],
    "offset": [101, -1, "0", 1.0, True, REMOVE, ("ofset",)],
    "signed": [1, "true", 0, ("singed",)],
    "domain": ["rig 2", "", 5, "x" * 33, ("domian",)],
}
"""What each key must not be; a tuple is another name for it."""


def _above(path: Path) -> tuple[Path, ...]:
    """What must be right above: options and routing are judged by the connector's type."""
    own = ("options" in path) or ("routing" in path)
    return ((*path[:2], "type"),) if own else ()


def possible(tree: Any, path: Path = ()) -> Iterator[Mistake]:
    """Every mistake that can be planted."""
    if isinstance(tree, list):
        for index, one in enumerate(tree):
            yield Mistake((*path, index), 5, (*path, index))
            yield from possible(one, (*path, index))
    elif isinstance(tree, dict):
        yield Mistake((*path, "weather"), "fine", (*path, "weather"), _above((*path, "")))
        for key, value in tree.items():
            at = (*path, key)
            for wrong in SCALARS.get(key, ["a text", 5, True]):
                reported = (*path, *wrong) if isinstance(wrong, tuple) else at
                yield Mistake(at, wrong, reported, _above(at))
            yield from possible(value, at)
        yield from _across(tree, path)


def _across(tree: dict[str, Any], path: Path) -> Iterator[Mistake]:
    """Mistakes that no key shows by itself."""
    if "heartbeat" in tree:
        beat, stale = (*path, "heartbeat"), (*path, "stale_after")
        yield Mistake(stale, "20 ms", stale, (beat,))
        yield Mistake(beat, "0.2 s", stale, (stale,))
    if "initial" in tree:
        first, most = (*path, "initial"), (*path, "maximum")
        yield Mistake(most, "9 ms", most, (first,))
        yield Mistake(first, 1.001, most, (most,))
    if "connectors" in tree:
        names = [("connectors", one, "name") for one in range(len(tree["connectors"]))]
        channels = [
            ("connectors", one, "channels", two, "name")
            for one, connector in enumerate(tree["connectors"])
            for two in range(len(connector["channels"]))
        ]
        for every in (names, channels):
            for first, second in itertools.pairwise(every):
                name = tree
                for step in first:
                    name = name[step]  # type: ignore[index]
                yield Mistake(second, name, second, (first,))


@st.composite
def flawed(draw: st.DrawFn) -> tuple[dict[str, Any], list[Mistake]]:
    """A file with some mistakes, none of which hides another."""
    tree = draw(files())
    every = list(possible(tree))
    chosen: list[Mistake] = []
    for one in draw(st.lists(st.sampled_from(every), max_size=12)):
        if not any(one.disturbs(other) or other.disturbs(one) for other in chosen):
            chosen.append(one)
    for one in chosen:
        one.plant(tree)
    return tree, chosen
