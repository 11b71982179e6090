"""How facts are named in spans and metrics."""

from __future__ import annotations

from typing import Any

__all__ = ["about", "plain", "version"]


def about(item_id: str) -> dict[str, Any]:
    """Attributes that say which item."""
    attributes: dict[str, Any] = {"taktora.item_id": str(item_id)}
    composition = getattr(item_id, "composition", None)
    if composition is not None:
        attributes["taktora.composition"] = str(composition)
    return attributes


def plain(value: Any) -> str | bool | int | float:
    """``value`` as an attribute may be: itself, or what it looks like."""
    return value if type(value) in (str, bool, int, float) else repr(value)


def version() -> str:
    """The version of taktora, which OpenTelemetry wants to know with every tracer and meter."""
    from taktora import __version__

    return __version__
