"""Pictures of a topology: SVG without any tool, and text for Mermaid and Graphviz.

Pure functions of the topology: the same one gives the same text. Any thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from taktora.errors import InvalidArgument, WrongType
from taktora.picture.dot import to_dot
from taktora.picture.mermaid import to_mermaid
from taktora.picture.svg import to_svg
from taktora.topology import Topology

__all__ = ["FORMATS", "render", "to_dot", "to_mermaid", "to_svg"]

_WAYS: Final[dict[str, Callable[[Topology], str]]] = {
    "svg": to_svg,
    "mmd": to_mermaid,
    "dot": to_dot,
}

FORMATS: Final = tuple(_WAYS)
"""What :func:`render` can make, named as files end."""


def render(topology: Topology, format: str = "svg") -> str:
    """``topology`` as a text in ``format``: ``"svg"``, ``"mmd"`` (Mermaid) or ``"dot"`` (Graphviz).

    Raises:
        WrongType: not a topology.
        InvalidArgument: another format.
    """
    if not isinstance(topology, Topology):
        raise WrongType(f"render takes a Topology (executor.topology()), not {topology!r}")
    if format not in _WAYS:
        raise InvalidArgument(f"format must be one of {', '.join(FORMATS)}, not {format!r}")
    return _WAYS[format](topology)
