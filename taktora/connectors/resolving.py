"""From the names in a connectors file to what is installed, without connecting to anything.

Which connectors and codecs there are is asked of a :class:`Lookup`, so that this is as pure as it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from attrs import frozen

from taktora import plugins
from taktora.config import Path, Problem, examine, given, load, show
from taktora.config.explaining import said
from taktora.config.kinds import is_class
from taktora.config.problems import path_text
from taktora.connectors import codecs, link
from taktora.connectors.codec import PayloadCodec
from taktora.connectors.connector import Connector
from taktora.connectors.descriptor import ChannelDescriptor
from taktora.connectors.options import NoOptions
from taktora.connectors.process_attributes import ProcessAttributes
from taktora.connectors.routing import NoRouting, leads
from taktora.connectors.settings import (
    ChannelSettings,
    ConnectorSettings,
    ConnectorsFile,
    Direction,
)
from taktora.errors import MissingExtra

__all__ = [
    "Installed",
    "Lookup",
    "ResolvedChannel",
    "ResolvedConnector",
    "ResolvedFile",
    "load_connectors",
]


_WAYS = {Direction.OUT: link.Direction.OUT, Direction.IN: link.Direction.IN}


class Lookup(Protocol):
    """Finds connectors and codecs by name."""

    def connector(self, name: str) -> Any:
        """The connector's class.

        Raises:
            UnknownPlugin: none of that name is installed.
            MissingExtra: it needs a package that is not.
        """

    def codec(self, name: str) -> PayloadCodec:
        """A codec.

        Raises:
            UnknownPlugin: none of that name is installed.
            MissingExtra: it needs a package that is not.
        """


class Installed:
    """What this Python has, by entry points."""

    def connector(self, name: str) -> Any:
        """The class behind the entry point ``name`` of group ``taktora.connectors``."""
        plugin = plugins.find("taktora.connectors", name)
        loaded = plugin.load()
        if plugin.missing is not None:
            raise MissingExtra(plugin.missing)
        return loaded

    def codec(self, name: str) -> PayloadCodec:
        """A codec of the entry point ``name`` of group ``taktora.codecs``."""
        return codecs.codec(name)


@frozen
class ResolvedChannel:
    """One channel, with everything that it needs."""

    settings: ChannelSettings
    descriptor: ChannelDescriptor[Any]
    codec: PayloadCodec


@frozen
class ResolvedConnector:
    """One connector, with everything that it is made of."""

    settings: ConnectorSettings
    kind: Any
    """The connector's class."""
    options: Any
    """An instance of its ``Options``."""
    codec: PayloadCodec | None
    """Of the whole connector, if the file names one."""
    channels: tuple[ResolvedChannel, ...]


@frozen
class ResolvedFile:
    """A connectors file without mistakes."""

    domain: str | None
    connectors: tuple[ResolvedConnector, ...]
    process: ProcessAttributes


def load_connectors(path: str | os.PathLike[str], *, lookup: Lookup | None = None) -> ResolvedFile:
    """Read a connectors file and find all that it names. Connects to nothing. Any thread.

    Args:
        path: of the file, ``.toml`` or ``.json``.
        lookup: where connectors and codecs are found; default: what is installed.

    Raises:
        InvalidConfig: with every mistake in the file.
    """
    resolver = _Resolver(lookup or Installed())
    file = load(path, ConnectorsFile, what="connectors file", check=resolver.check)
    return ResolvedFile(file.domain, tuple(resolver.resolved), file.process)


class _Resolver:
    """Goes through a file once, and keeps what it finds; of a file with mistakes, whatever is there."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._found: dict[tuple[str, str], tuple[Any, str | None]] = {}
        self.resolved: list[ResolvedConnector] = []

    def check(self, file: ConnectorsFile) -> Iterator[Problem]:
        """The mistakes that the schema cannot see."""
        connectors = given(file, "connectors") or ()
        yield from _repeated_names(connectors)
        for index, settings in enumerate(connectors):
            if settings is not None:
                yield from self._connector(settings, ("connectors", index))

    def _connector(self, settings: ConnectorSettings, path: Path) -> Iterator[Problem]:
        kind, problem = self._find("connector", given(settings, "type"))
        if problem:
            yield Problem((*path, "type"), problem)
        codec, problem = self._find("codec", given(settings, "codec"))
        if problem:
            yield Problem((*path, "codec"), problem)
        options = checked = None
        tree = given(settings, "options")
        if kind is not None and tree is not None:
            schema = getattr(kind, "Options", NoOptions)
            options, problems = _examined(tree, schema, (*path, "options"), "Options", kind)
            yield from problems
            checked = None if problems else options
        channels: dict[int, Any] = {}
        for index, channel in enumerate(given(settings, "channels") or ()):
            if channel is not None:
                at = (*path, "channels", index)
                channels[index], problems = self._channel(channel, at, kind, codec)
                yield from problems
        yield from _checked_together(kind, checked, channels, path)
        self.resolved.append(
            ResolvedConnector(settings, kind, options, codec, tuple(channels.values()))
        )

    def _channel(
        self, settings: ChannelSettings, path: Path, kind: Any, codec: Any
    ) -> tuple[Any, list[Problem]]:
        problems = []
        own = given(settings, "codec")
        if own is not None:
            codec, problem = self._find("codec", own)
            if problem:
                problems.append(Problem((*path, "codec"), problem))
        tree = given(settings, "routing")
        if kind is None or tree is None:
            return None, problems
        schema = getattr(kind, "Routing", NoRouting)
        routing, wrong = _examined(tree, schema, (*path, "routing"), "Routing", kind)
        problems += wrong
        name, size = given(settings, "name"), given(settings, "max_payload")
        if problems or name is None or size is None:
            return None, problems
        try:
            descriptor = ChannelDescriptor(name, routing, size)
            if codec is None:
                codec = getattr(kind, "default_codec", Connector.default_codec)(descriptor)
        except Exception as error:  # noqa: BLE001  # the connector's class is not ours
            return None, [Problem((*path, "routing"), said(error))]
        wanted = given(settings, "direction")
        if wanted in _WAYS and not leads(routing, _WAYS[wanted]):
            text = f"is {show(wanted.value)}, and the routing leads the other way only"
            return None, [Problem((*path, "direction"), text)]
        return ResolvedChannel(settings, descriptor, codec), problems

    def _find(self, what: str, name: str | None) -> tuple[Any, str | None]:
        """A connector or codec, or what to say about it; each name is looked up once."""
        if name is None:
            return None, None
        if (what, name) not in self._found:
            find: Callable[[str], Any] = getattr(self._lookup, what)
            try:
                self._found[what, name] = find(name), None
            except Exception as error:  # noqa: BLE001  # whatever a plug-in raises when it is loaded
                self._found[what, name] = None, said(error)
        return self._found[what, name]


def _examined(
    tree: Any, schema: Any, path: Path, what: str, kind: Any
) -> tuple[Any, list[Problem]]:
    if not is_class(schema):
        owner = getattr(kind, "__name__", kind)
        text = f"cannot be checked: {what} of {owner} is {schema!r}, and must be an attrs class"
        return None, [Problem(path, text)]
    return examine(tree, schema, at=path)


def _checked_together(
    kind: Any, options: Any, channels: dict[int, Any], path: Path
) -> Iterator[Problem]:
    """What the connector's class says of its channels as a whole, by ``check_channels``."""
    check = getattr(kind, "check_channels", None)
    if check is None or options is None:
        return
    sound = {index: one.descriptor for index, one in channels.items() if one is not None}
    try:
        for problem in check(options, sound):
            yield Problem((*path, *problem.path), problem.text)
    except Exception as error:  # noqa: BLE001  # the connector's class is not ours
        yield Problem((*path, "channels"), said(error))


def _repeated_names(connectors: Any) -> Iterator[Problem]:
    """Names of connectors, and of channels anywhere: each channel is one of iceoryx2's."""
    seen: dict[str, Path] = {}
    seen_channels: dict[str, Path] = {}
    for index, connector in enumerate(connectors):
        path: Path = ("connectors", index)
        name = given(connector, "name")
        if name is not None and seen.setdefault(name, path) != path:
            yield Problem(
                (*path, "name"), f"is {show(name)}, as {path_text(seen[name])} is; take another"
            )
        for number, channel in enumerate(given(connector, "channels") or ()):
            at = (*path, "channels", number)
            name = given(channel, "name")
            if name is not None and seen_channels.setdefault(name, at) != at:
                yield Problem(
                    (*at, "name"),
                    f"is {show(name)}, as {path_text(seen_channels[name])} is, and both would be "
                    f"the same channel of iceoryx2; take another",
                )
