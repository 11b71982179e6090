"""Codecs by name: those that come with taktora, and others'."""

from __future__ import annotations

import importlib.metadata
from typing import Any

from taktora.connectors.codec import PayloadCodec
from taktora.errors import UnknownPlugin
from taktora.plugins import find
from taktora.plugins.finding import EntryPoints

__all__ = ["GROUP", "codec"]

GROUP = "taktora.codecs"
"""Entry points of codecs."""


def codec(
    name: str,
    *,
    entry_points: EntryPoints = importlib.metadata.entry_points,
    **options: Any,
) -> PayloadCodec:
    """A new codec of that name: ``json``, ``msgpack``, ``cbor``, ``raw``, or another installed one.

    Args:
        name: of the entry point.
        entry_points: where to look; what is installed, unless a test knows better.
        options: the codec's own, such as ``forbid_extra_keys=False``.

    Raises:
        UnknownPlugin: none of that name is installed, or what is there is no codec.
        MissingExtra: it needs a package that is not installed.
    """
    plugin = find(GROUP, name, entry_points=entry_points)
    made = plugin.load()(**options)
    if not isinstance(made, PayloadCodec):
        raise UnknownPlugin(
            f"codec {name!r} of {plugin.distribution} makes {made!r}, which is no codec: it needs "
            f"format_name, encode and decode"
        )
    return made
