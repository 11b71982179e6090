"""What is said when a name exists as something else than what is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from taktora.errors import PayloadMismatch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from taktora.transport.kind import PayloadKind

__all__ = ["layout_text", "other_pattern", "other_types", "too_many_nodes"]


def layout_text(type_name: str, size: int | None) -> str:
    """A payload as people read it; ``size`` in bytes, ``None`` when each has its own."""
    return f"{type_name} of {'any size' if size is None else f'{size} bytes'}"


def other_types(
    label: str, kinds: Iterable[PayloadKind], existing: Iterable[str]
) -> PayloadMismatch:
    """The error that shows what is wanted and what exists."""
    wanted = ", ".join(layout_text(kind.type_name, kind.size) for kind in kinds)
    return PayloadMismatch(
        f"{label} is wanted with {wanted} but exists with "
        f"{', '.join(existing) or 'another payload'}; use the same payload type everywhere, or "
        f"another name"
    )


def other_pattern(
    name: str, ours: Literal["channel", "service"], existing: Iterable[str]
) -> PayloadMismatch:
    """The error for a channel that exists as a service, or the other way round."""
    theirs = "service" if ours == "channel" else "channel"
    facts = ", ".join(existing) or "unknown payloads"
    return PayloadMismatch(
        f"{name!r} is wanted as a {ours} but exists as a {theirs} that carries {facts}"
    )


def too_many_nodes(what: str) -> str:
    """Why one node more cannot open it."""
    return f"{what} is open in as many nodes as it admits"
