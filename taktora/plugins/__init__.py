"""What others, and taktora itself, plug in by entry points: found, listed and loaded in one way.

A distribution names what it brings in its ``pyproject.toml``::

    [project.entry-points."taktora.codecs"]
    protobuf = "our_package.codec:ProtobufCodec"

There are two groups: ``taktora.codecs``, of what makes a :class:`~taktora.connectors.PayloadCodec`,
and ``taktora.connectors``, of connector types. What comes with taktora is found like all others.
"""

from __future__ import annotations

from taktora.plugins.finding import find, installed
from taktora.plugins.plugin import Plugin

__all__ = ["Plugin", "find", "installed"]
