"""ctypes scalars as payloads: sent from plain numbers, received as plain numbers."""

from __future__ import annotations

import ctypes
import math
import numbers
import operator
from typing import Any, Final

from taktora.errors import InvalidArgument
from taktora.transport.kind import PayloadKind
from taktora.transport.structures import refuse_pointers
from taktora.transport.type_names import checked_type_name

__all__ = [
    "ReceivedBool",
    "ReceivedByte",
    "ReceivedFloat",
    "ReceivedInt",
    "ReceivedText",
    "ScalarKind",
]


class ReceivedInt(int):
    """An ``int`` that also answers ``.value``, as the ctypes scalar does."""

    __slots__ = ()

    @property
    def value(self) -> int:
        """The same number as a plain ``int``."""
        return int(self)


class ReceivedFloat(float):
    """A ``float`` that also answers ``.value``, as the ctypes scalar does."""

    __slots__ = ()

    @property
    def value(self) -> float:
        """The same number as a plain ``float``."""
        return float(self)


class ReceivedBool(int):
    """0 or 1, equal to ``False`` or ``True``, that also answers ``.value``."""

    __slots__ = ()

    @property
    def value(self) -> bool:
        """The same as a plain ``bool``."""
        return bool(self)

    def __repr__(self) -> str:
        return repr(bool(self))

    __str__ = __repr__


class ReceivedByte(bytes):
    """One byte of a ``c_char`` that also answers ``.value``."""

    __slots__ = ()

    @property
    def value(self) -> bytes:
        """The same as plain ``bytes``."""
        return bytes(self)


class ReceivedText(str):
    """One character of a ``c_wchar`` that also answers ``.value``."""

    __slots__ = ()

    @property
    def value(self) -> str:
        """The same as a plain ``str``."""
        return str(self)


_RECEIVED: Final[dict[type, Any]] = {
    int: ReceivedInt,
    float: ReceivedFloat,
    bool: ReceivedBool,
    bytes: ReceivedByte,
    str: ReceivedText,
}


class ScalarKind(PayloadKind):
    """One ctypes number, truth value or character."""

    __slots__ = ("_highest", "_lowest", "_plain", "_received")

    def __init__(self, payload_type: Any, label: str) -> None:
        refuse_pointers(payload_type, payload_type.__name__)
        self.payload_type = self.binding_type = self.exact = payload_type
        self.size = ctypes.sizeof(payload_type)
        self.alignment = ctypes.alignment(payload_type)
        self.label = label
        self.type_name = checked_type_name(payload_type)
        self._plain: Any = type(payload_type().value)
        self._received = _RECEIVED[self._plain]
        self._lowest = self._highest = 0
        if self._plain is int:
            signed = payload_type(-1).value < 0
            bits = self.size * 8 - signed
            self._lowest, self._highest = -(1 << bits) * signed, (1 << bits) - 1

    def source(self, value: Any) -> Any:
        """What to copy from, checked."""
        if isinstance(value, self.payload_type):
            return ctypes.byref(value)
        return ctypes.byref(self.payload_type(self._checked(value)))

    def _checked(self, value: Any) -> Any:
        if self._plain is int:
            return self._checked_int(value)
        if self._plain is float:
            return self._checked_float(value)
        if self._plain is bool:
            if isinstance(value, bool | ReceivedBool) or type(value).__name__ == "bool":
                return bool(value)
            raise self.wrong_type(value)
        if not isinstance(value, self._plain):
            raise self.wrong_type(value)
        if len(value) != 1:
            raise InvalidArgument(
                f"{self.label} carries one {self.describe()}, not {len(value)}; nothing was sent"
            )
        return value

    def _checked_int(self, value: Any) -> int:
        if isinstance(value, bool):
            raise self.wrong_type(value)
        try:
            number = operator.index(value)
        except TypeError:
            raise self.wrong_type(value) from None
        if not self._lowest <= number <= self._highest:
            raise InvalidArgument(
                f"{number} is outside {self._lowest}..{self._highest}, what the "
                f"{self.describe()} of {self.label} can hold; nothing was sent"
            )
        return number

    def _checked_float(self, value: Any) -> float:
        real: Any = numbers.Real
        if isinstance(value, bool) or not isinstance(value, real):
            raise self.wrong_type(value)
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        meant = isinstance(value, float) and math.isinf(value)
        if math.isinf(self.payload_type(number).value) and not meant:
            raise InvalidArgument(
                f"{value!r} is larger than the {self.describe()} of {self.label} can hold; "
                f"nothing was sent"
            )
        return number

    def read(self, raw: Any, port: Any = None) -> Any:  # noqa: ARG002 - a copy keeps nothing
        """The read-only payload."""
        return self._received(self.payload_type.from_address(raw.payload_ptr).value)

    def writable(self, block: Any) -> Any:
        """The payload to write to."""
        return self.payload_type.from_buffer(block)

    def dtype(self, numpy: Any) -> Any:
        """The numpy dtype of one payload."""
        return numpy.dtype(self.payload_type)
