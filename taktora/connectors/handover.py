"""What the process of a gateway is told by the connector that started it: one line each. Pure.

The first line is a :class:`Handover`, then come orders, and at last the end of the input.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import timedelta
from importlib import import_module
from typing import Any, Final, TypeVar

from attrs import field, frozen

from taktora.config import as_tree, examine
from taktora.connectors.descriptor import ChannelDescriptor
from taktora.connectors.envelope import Checksum
from taktora.connectors.link import Direction
from taktora.connectors.policies import PolicyRecipe
from taktora.connectors.process_attributes import ProcessAttributes
from taktora.errors import InvalidArgument

__all__ = [
    "VERSION",
    "Carried",
    "Handover",
    "Order",
    "carried",
    "decode",
    "descriptor_of",
    "encode",
    "import_kind",
    "importable",
    "made_of",
    "module_path",
    "tree_of",
]

VERSION: Final = 1

T = TypeVar("T")


@frozen
class Carried:
    """A channel to be carried in one direction."""

    name: str
    direction: Direction
    max_payload: int
    routing: Mapping[str, Any]
    """Of the connector's own class ``Routing``."""


@frozen
class Order:
    """Something to be done later than at the beginning."""

    carry: Carried | None = None
    leave: bool = False
    """The plug-in ends in order: nothing needs to be made safe."""


@frozen(kw_only=True)
class Handover:
    """All that makes a gateway."""

    version: int = VERSION
    plugin: int
    """Process that it is for."""
    path: tuple[str, ...]
    """Where Python looks for modules."""
    kind: str
    """The connector's class, as ``module:name``."""
    name: str
    options: Mapping[str, Any]
    """Of the connector's own class ``Options``."""
    queue: int
    heartbeat: timedelta
    stale_after: timedelta
    connect_timeout: timedelta
    linger: timedelta
    """How long its link may act on the end of the plug-in."""
    reconnect: PolicyRecipe
    checksum: Checksum
    domain: str | None
    instance: str
    """What its signs of life are to be called."""
    cpus: tuple[int, ...]
    """Those that it may run on unless ``attributes`` say otherwise, whatever thread started it."""
    attributes: ProcessAttributes
    log_level: int
    channels: tuple[Carried, ...] = field(default=())


def encode(what: Handover | Order) -> bytes:
    """As a line.

    Raises:
        InvalidArgument: there is something in it that would not arrive as it is.
    """
    return json.dumps(as_tree(what, type(what))).encode() + b"\n"


def decode(line: bytes, kind: type[T]) -> T:
    """What was encoded.

    Raises:
        InvalidArgument: it cannot be read, or was written by another version.
    """
    try:
        tree: Any = json.loads(line)
    except ValueError as error:
        raise InvalidArgument(f"what came is no line of a connector: {error}") from error
    if kind is Handover and isinstance(tree, dict) and tree.get("version") != VERSION:
        raise InvalidArgument(
            f"the connector speaks version {tree.get('version')} of the handover, not {VERSION}"
        )
    made, problems = examine(tree, kind)
    if made is None or problems:
        raise InvalidArgument("; ".join(map(str, problems)))
    return made


def carried(descriptor: ChannelDescriptor[Any], direction: Direction, routing: Any) -> Carried:
    """A channel with routing of class ``routing``.

    Raises:
        InvalidArgument: its routing would not arrive as it is.
    """
    tree = tree_of(descriptor.routing, routing, "routing")
    return Carried(descriptor.name, direction, descriptor.max_payload, tree)


def descriptor_of(one: Carried, routing: Any) -> ChannelDescriptor[Any]:
    """The channel again."""
    return ChannelDescriptor(one.name, made_of(one.routing, routing), one.max_payload)


def tree_of(value: Any, kind: Any, what: str) -> dict[str, Any]:
    """``value``, of class ``kind``, as a tree.

    Raises:
        InvalidArgument: it would not come back as it is; says where.
    """
    tree: dict[str, Any] = as_tree(value, kind, at=(what,))
    return tree


def made_of(tree: Mapping[str, Any], kind: Any) -> Any:
    """The instance of ``kind`` again.

    Raises:
        InvalidArgument: it cannot be; says where.
    """
    made, problems = examine(tree, kind)
    if made is None or problems:
        raise InvalidArgument("; ".join(map(str, problems)))
    return made


def importable(kind: type) -> str:
    """The class as another process can import it.

    Raises:
        InvalidArgument: it cannot.
    """
    found: Any = sys.modules.get(kind.__module__)
    for part in kind.__qualname__.split("."):
        found = getattr(found, part, None)
    if found is kind and kind.__module__ != "__main__":
        return f"{kind.__module__}:{kind.__qualname__}"
    where = (
        "in the program that was started"
        if kind.__module__ == "__main__"
        else "where no import finds it"
    )
    raise InvalidArgument(
        f"{kind.__qualname__} is defined {where}, and another process cannot import it: move it to "
        f"the top of a module of its own"
    )


def import_kind(text: str) -> Any:
    """The class behind ``module:name``; raises whatever its import does."""
    module, _, name = text.partition(":")
    found: Any = import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def module_path(entries: Iterable[str]) -> tuple[str, ...]:
    """Those entries of ``sys.path`` that can be told."""
    return tuple(one for one in entries if one.isascii() or _is_text(one))


def _is_text(entry: str) -> bool:
    try:
        entry.encode()
    except UnicodeEncodeError:
        return False
    return True
