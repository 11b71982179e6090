"""Values of Python as the bits of one field: what a plug-in's writers and readers encode with."""

from __future__ import annotations

import enum
from typing import Any, Final

from taktora.connectors.codec import BytesCodec
from taktora.connectors.codecs.reasons import shortened
from taktora.connectors.codecs.wire import type_name
from taktora.connectors.ethercat.field_values import from_bits, to_bits
from taktora.connectors.ethercat.routing import EthercatRouting
from taktora.connectors.ethercat.words import bits
from taktora.errors import CodecError, InvalidArgument, WrongType

__all__ = ["FieldCodec"]

_NATURAL: Final = (Any, object)
_AS_BYTES: Final[dict[Any, Any]] = {
    bytes: bytes,
    bytearray: bytearray,
    memoryview: lambda data: memoryview(bytes(data)),
}


class FieldCodec(BytesCodec):
    """A field's bits, the first lowest in the first byte, in as many bytes as it takes. Any thread.

    A field of whole numbers takes and gives ``int`` and enumerations; of 1 bit, also ``bool``. One
    of floats takes numbers and gives ``float``. Each also takes and gives bytes: the bits as they
    are. Read as ``object``, a field gives what is natural to it.

    Args:
        routing: which field, and what it stands for.
    """

    __slots__ = ("_form", "_natural", "routing")

    format_name = "field"

    def __init__(self, routing: EthercatRouting) -> None:
        if not isinstance(routing, EthercatRouting):
            raise WrongType(f"routing must be an EthercatRouting, not {routing!r}")
        self.routing: Final = routing
        self._form: dict[str, Any] = {
            "bit_length": routing.bit_length,
            "kind": routing.kind,
            "signed": routing.signed,
            "big": routing.byte_order == "big",
        }
        self._natural: Any = (
            bool if routing.kind == "int" and routing.bit_length == 1
            else {"int": int, "float": float, "bytes": bytes}[routing.kind]
        )  # fmt: skip

    def dumps(self, value: Any) -> bytes:
        """The bits of ``value``.

        Raises:
            CodecError: it does not fit, or is nothing that such a field has.
        """
        try:
            return to_bits(value, **self._form)
        except (InvalidArgument, WrongType) as error:
            raise CodecError(self.format_name, shortened(error)) from error

    def decode(self, data: memoryview, type: Any) -> Any:
        """The value of ``type`` that the bits stand for.

        Raises:
            CodecError: they are not as many as the field has, or stand for nothing of ``type``.
        """
        wanted = self._natural if type in _NATURAL else type
        try:
            value = from_bits(bytes(data), **self._form)
        except InvalidArgument as error:
            raise CodecError(self.format_name, shortened(error)) from error
        if wanted in _AS_BYTES:
            return _AS_BYTES[wanted](data)
        kind = self.routing.kind
        if wanted is int and kind == "int":
            return value
        if wanted is bool and self._natural is bool:
            return bool(value)
        if wanted is float and kind == "float":
            return value
        if isinstance(wanted, enum.EnumMeta) and kind != "bytes":
            return self._member(value, wanted)
        raise CodecError(
            self.format_name,
            f"a field of {bits(self.routing.bit_length)}, {kind}, is read as "
            f"{'bool or int' if self._natural is bool else self._natural.__name__}, not as "
            f"{type_name(wanted)}",
        )

    def _member(self, value: Any, wanted: Any) -> Any:
        try:
            return wanted(value)
        except ValueError as error:
            raise CodecError(self.format_name, shortened(error)) from error

    def __repr__(self) -> str:
        return f"FieldCodec({self.routing!r})"
