"""Segment files: which SubDevices a simulated segment has, in the order of the wire, and its faults::

[[subdevices]]
type = "digital-out"
channels = 8
name = "stack-light"

[[subdevices]]
type = "my_module:Heater"
options = { volume = 2.5 }

[[faults]]
kind = "cable-out"
subdevice = "stack-light"
at = "5 s"
lasts = "50 ms"
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, Final, cast

from attrs import evolve, field, frozen

from taktora.config import Path, Problem, close_to, examine, given, load, not_empty, show
from taktora.config.explaining import said
from taktora.config.kinds import is_class
from taktora.config.problems import listed, path_text
from taktora.segment.describe import SUBDEVICES, OwnTable, SubDeviceTable
from taktora.segment.device import Device, Identity
from taktora.segment.faults import FAULTS, Emergency, Fault, StuckMailbox
from taktora.segment.own_class import own_class

__all__ = ["SegmentDescription", "SubDevice", "build", "load_segment"]

_NAMES: Final = ", ".join((*SUBDEVICES, "module:Class"))

Make = Callable[[Identity | None], Device]


@frozen
class SubDevice:
    """One SubDevice of a description."""

    position: int
    """On the wire, from 1."""
    name: str
    """That nothing else in the segment has."""
    table: SubDeviceTable
    """Its table in the file."""
    number: int
    """Which of ``table.count`` it is, from 0."""
    make: Make
    """Makes the device, with another identity than its own if one is given."""

    @property
    def alias(self) -> int:
        """Configured station alias; 0: none."""
        return self.table.alias + self.number if self.table.alias else 0


@frozen
class SegmentDescription:
    """A segment file without mistakes."""

    subdevices: tuple[SubDevice, ...]
    faults: tuple[Fault, ...] = ()
    """``subdevice`` of each is a position."""

    def position(self, name: str) -> int:
        """Where the SubDevice of that name is.

        Raises:
            KeyError: there is none.
        """
        return {one.name: one.position for one in self.subdevices}[name]


@frozen
class _File:
    subdevices: tuple[Mapping[str, Any], ...] = field(validator=not_empty)
    faults: tuple[Mapping[str, Any], ...] = ()


def load_segment(path: str | os.PathLike[str]) -> SegmentDescription:
    """Read a segment file, ``.toml`` or ``.json``. Imports modules that it names.

    Raises:
        InvalidConfig: with every mistake in it.
    """
    reader = _Reader(FilePath(path).resolve().parent)
    load(path, _File, what="segment file", check=reader.check)
    return SegmentDescription(tuple(reader.subdevices), tuple(reader.faults))


def build(description: SegmentDescription) -> list[Device]:
    """The devices of a description, new ones, in the order of the wire."""
    made = []
    for one in description.subdevices:
        own = one.make(None).identity
        name = one.table.name and one.name
        made.append(one.make(one.table.identity(own, one.number, name or own.name)))
    return made


class _Reader:
    """Goes through a file once, and keeps what it makes of it."""

    def __init__(self, folder: FilePath) -> None:
        self._folder = folder
        self._names: dict[str, Path] = {}
        self._flawed = False
        self._without_mailbox: set[int] = set()
        self.subdevices: list[SubDevice] = []
        self.faults: list[Fault] = []

    def check(self, file: _File) -> Iterator[Problem]:
        """The mistakes that are in the tables."""
        for index, tree in enumerate(given(file, "subdevices") or ()):
            problems = list(self._subdevice(tree, ("subdevices", index)))
            self._flawed = self._flawed or bool(problems)
            yield from problems
        for index, tree in enumerate(given(file, "faults") or ()):
            yield from self._fault(tree, ("faults", index))

    def _subdevice(self, tree: Any, path: Path) -> Iterator[Problem]:
        if not isinstance(tree, Mapping):
            return  # told already
        kind = tree.get("type")
        if kind is None:
            yield Problem((*path, "type"), f"is missing, and must be one of {_NAMES}")
            return
        schema = SUBDEVICES.get(kind) if isinstance(kind, str) else SubDeviceTable
        own = None
        if schema is None and isinstance(kind, str) and ":" in kind:
            schema = OwnTable
            try:
                own = own_class(kind, self._folder)
            except Exception as error:  # noqa: BLE001  # whatever a user's module raises
                yield Problem((*path, "type"), said(error))
        if schema is None:
            yield Problem((*path, "type"), _unknown(kind, [*SUBDEVICES, "module:Class"]))
            return
        table, problems = examine(tree, schema, at=path)
        yield from problems
        make: Make | None = None
        if schema is OwnTable and own is not None and not problems:
            assert isinstance(table, OwnTable)
            options, wrong = _options(own, table.options, (*path, "options"))
            yield from wrong
            make = None if wrong else _maker(own, options, table.mailbox_bytes)
        elif schema is not OwnTable and table is not None and not problems:
            make = table.device
        if make is not None and table is not None:
            yield from self._add(table, make, path)

    def _add(self, table: SubDeviceTable, make: Make, path: Path) -> Iterator[Problem]:
        try:
            has_mailbox = make(None).mailbox is not None
        except Exception as error:  # noqa: BLE001  # a class of the user's, or what it declares
            yield Problem((*path, "type"), said(error))
            return
        for number in range(table.count):
            position = len(self.subdevices) + 1
            name = table.name or table.type
            if table.count > 1:
                name = f"{name}-{number + 1}"
            if name in self._names:
                if table.name is not None:
                    where = path_text(self._names[name])
                    yield Problem((*path, "name"), f"{show(name)} is the name of {where}, too")
                    return
                name = f"{name}-{position}"
            self._names[name] = path
            if not has_mailbox:
                self._without_mailbox.add(position)
            self.subdevices.append(SubDevice(position, name, table, number, make))

    def _fault(self, tree: Any, path: Path) -> Iterator[Problem]:
        if not isinstance(tree, Mapping):
            return  # told already
        kind = tree.get("kind")
        if kind is None:
            yield Problem((*path, "kind"), f"is missing, and must be one of {', '.join(FAULTS)}")
            return
        schema = FAULTS.get(kind) if isinstance(kind, str) else Fault
        if schema is None:
            yield Problem((*path, "kind"), _unknown(kind, list(FAULTS)))
            return
        fault, problems = examine(tree, schema, at=path)
        yield from problems
        named = given(fault, "subdevice")
        if named is None or self._flawed:  # of SubDevices that are wrong it is not known how many
            if fault is not None and not problems:
                self.faults.append(fault)
            return
        position: int = named
        if isinstance(named, str):
            names = {one.name: one.position for one in self.subdevices}
            if named not in names:
                yield Problem((*path, "subdevice"), _unknown(named, list(names)))
                return
            position = names[named]
        elif named > len(self.subdevices):
            last = len(self.subdevices)
            yield Problem((*path, "subdevice"), f"is {named}, and there are SubDevices 1 to {last}")
            return
        if position in self._without_mailbox and schema in (Emergency, StuckMailbox):
            name = self.subdevices[position - 1].name
            yield Problem((*path, "subdevice"), f"is {show(named)}, and {name} has no mailbox")
            return
        if fault is not None and not problems:
            self.faults.append(evolve(cast(Any, fault), subdevice=position))


def _maker(own: Any, options: Any, mailbox_bytes: int) -> Make:
    def make(identity: Identity | None) -> Device:
        made: Device = own(options, identity=identity, mailbox_bytes=mailbox_bytes)
        return made

    return make


def _options(own: Any, tree: Any, path: Path) -> tuple[Any, list[Problem]]:
    if not is_class(own.Options):
        text = f"cannot be checked: Options of {own.__name__} must be an attrs class"
        return None, [Problem(path, text)]
    return examine(tree, own.Options, at=path)


def _unknown(value: Any, known: list[str]) -> str:
    close = close_to(value, known)
    hint = f"; did you mean {listed(map(show, close))}?" if close else ""
    names = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"is {show(value)}, and must be one of {names}{hint}"
