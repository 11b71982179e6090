"""Strictness for cattrs' converters: a plain value is of the type that is asked for, or refused.

cattrs by itself calls the type (``int("5")``, ``list("abc")``); nothing of that happens here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cattrs import Converter
from cattrs.fns import identity

from taktora.connectors.codecs.choices import strict_choices
from taktora.connectors.codecs.containers import strict_containers
from taktora.connectors.codecs.scalars import strict_scalars
from taktora.connectors.codecs.unions import strict_unions
from taktora.connectors.codecs.wire import Mismatch, Wire, type_name

__all__ = ["make_fallback", "make_strict"]

_NATIVE = (int, float, str, bytes, type(None))


def make_strict(converter: Converter, wire: Wire) -> None:
    """Make ``converter``, of a format that is as ``wire`` says, refuse what it would convert."""
    strict_containers(converter, wire)
    strict_choices(converter)
    strict_scalars(converter, wire)
    strict_unions(converter, wire)


def make_fallback(
    wire: Wire, converter: Callable[[], Converter]
) -> Callable[[Any], Callable[[Any], Any]]:
    """For types that cattrs knows nothing of: the formats' own as they are, others not at all."""

    def fallback(declared: Any) -> Callable[[Any], Any]:
        if isinstance(declared, type) and issubclass(declared, _NATIVE):
            return identity

        def unstructure(value: Any) -> Any:
            if value.__class__ is declared:
                raise Mismatch(f"{type_name(declared)} has no form in {wire.name}")
            return converter().unstructure(value)

        return unstructure

    return fallback
