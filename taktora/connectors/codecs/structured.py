"""What the codecs of JSON, MessagePack and CBOR share: values of classes become plain ones and back.

A format adds how plain values (dict, list, str, int, float, bool, None and, in some, bytes) become
bytes. Which plain values a class accepts is the same in all of them: see :mod:`.strict`.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from types import NoneType
from typing import Any, Final

from cattrs import Converter

from taktora.connectors.codec import BytesCodec
from taktora.connectors.codecs.reasons import reason_for, shortened
from taktora.connectors.codecs.strict import make_fallback, make_strict
from taktora.connectors.codecs.wire import Wire, show, type_name
from taktora.errors import CodecError, MissingExtra

__all__ = ["StructuredCodec", "no_duplicates", "within_extra"]

_LONGEST_EXPLAINED: Final = 65536
"""Bytes: a problem in more than that is told without its path. Looking for every problem of what
may be nothing but problems would take long."""


class StructuredCodec(BytesCodec):
    """Base of codecs that carry values of attrs classes, dataclasses and whatever is in them.

    A subclass gives ``format_name``, ``_wire``, ``_make_converter``, ``_pack`` and ``_unpack``;
    these may raise anything, which becomes ``CodecError``. Any thread may use a codec, any number
    at the same time.

    Args:
        forbid_extra_keys: refuse an object that has a key which its class has no field for. Give
            ``False`` for senders that may be newer than this reader: the key is ignored then.
    """

    __slots__ = ("_explaining", "_forbid_extra_keys", "_reading", "_writing")

    _wire = Wire()
    """What values look like in the format."""

    def __init__(self, *, forbid_extra_keys: bool = True) -> None:
        self._forbid_extra_keys = forbid_extra_keys
        converter = self._converter(detailed=False)
        self._writing = _Hooks(converter.get_unstructure_hook)
        self._reading = _Hooks(  # to cattrs, None is a field without an annotation
            lambda wanted: converter.get_structure_hook(NoneType if wanted is None else wanted)
        )
        self._explaining: Converter | None = None

    def _make_converter(self, **options: Any) -> Converter:
        """The converter that cattrs has for the format."""
        raise NotImplementedError

    def _pack(self, plain: Any) -> bytes:
        """The bytes of a plain value."""
        raise NotImplementedError

    def _unpack(self, data: memoryview) -> Any:
        """The one plain value that ``data`` is, all of it."""
        raise NotImplementedError

    def dumps(self, value: Any) -> bytes:
        """The bytes of ``value``.

        What a field holds is not compared with its annotation: whoever decodes it does that.

        Raises:
            CodecError: the value, or one in it, has no form in this format.
        """
        try:
            return self._pack(self._writing[value.__class__](value))
        except Exception as error:
            what = f"a value of type {type_name(value.__class__)} cannot be encoded"
            raise CodecError(self.format_name, f"{what}: {shortened(error)}") from error

    def decode(self, data: memoryview, type: Any) -> Any:
        """The value of ``type`` that ``data`` stands for; nothing is guessed or converted.

        Raises:
            CodecError: ``data`` is not of the format, or not of ``type``; the reason says where.
        """
        try:
            plain = self._unpack(data)
        except Exception as error:
            raise CodecError(self.format_name, f"not readable: {shortened(error)}") from error
        try:
            return self._reading[type](plain, type)
        except Exception as error:
            reason = (
                self._explain(plain, type, error)
                if len(data) <= _LONGEST_EXPLAINED
                else reason_for(error, type)
            )
            raise CodecError(self.format_name, reason) from error

    def _explain(self, plain: Any, type: Any, error: Exception) -> str:
        """Why ``plain`` is no ``type``: told by a slower converter, which looks at all of it."""
        try:
            if self._explaining is None:
                self._explaining = self._converter(detailed=True)
            self._explaining.structure(plain, type)
        except Exception as detailed:  # noqa: BLE001  # what a class raises; it becomes the reason
            return reason_for(detailed, type)
        return reason_for(error, type)

    def _converter(self, *, detailed: bool) -> Converter:
        converter = self._make_converter(
            forbid_extra_keys=self._forbid_extra_keys,
            detailed_validation=detailed,
            unstructure_fallback_factory=make_fallback(self._wire, lambda: converter),
        )
        make_strict(converter, self._wire)
        return converter

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({'' if self._forbid_extra_keys else 'forbid_extra_keys=False'})"
        )


class _Hooks(dict[Any, Callable[..., Any]]):
    """Type to hook; one that is missing is made, and kept."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[Any], Callable[..., Any]]) -> None:
        self._make = make

    def __missing__(self, type: Any) -> Callable[..., Any]:
        hook = self[type] = self._make(type)
        return hook


def no_duplicates(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    """A dict of ``pairs``; a key that comes twice is an error, for either value may be meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        counts = collections.Counter(key for key, _ in pairs)
        raise ValueError(f"the key {show(counts.most_common(1)[0][0])} comes twice")
    return found


def within_extra(extra: str) -> MissingExtra:
    """What to raise when the package of an extra is not there."""
    return MissingExtra(f"this codec needs {extra}: pip install 'taktora[{extra}]'")
