"""The name of a payload type, the same on every transport and in every language.

The rule is the iceoryx2 binding's, written down, so that a transport without it agrees with one
that has it; `tests/ipc/test_type_names.py` compares the two.
"""

from __future__ import annotations

import ctypes
from typing import Any, Final

from taktora.errors import UnsupportedPayload
from taktora.transport.text import is_plain

__all__ = ["LONGEST_TYPE_NAME", "checked_type_name", "derived_type_name"]

LONGEST_TYPE_NAME: Final = 256
"""Characters that iceoryx2 has room for."""

_SIZES: Final = (1, 2, 4, 8, 16)
_PREFIXES: Final[dict[str, tuple[str, tuple[int, ...]]]] = {
    **dict.fromkeys(
        (
            "c_ubyte",
            "c_ushort",
            "c_uint",
            "c_ulong",
            "c_ulonglong",
            "c_uint8",
            "c_uint16",
            "c_uint32",
            "c_uint64",
            "size_t",
        ),
        ("u", _SIZES),
    ),
    **dict.fromkeys(
        (
            "c_byte",
            "c_short",
            "c_int",
            "c_long",
            "c_longlong",
            "c_int8",
            "c_int16",
            "c_int32",
            "c_int64",
            "ssize_t",
        ),
        ("i", _SIZES),
    ),
    **dict.fromkeys(("c_float", "c_double", "c_longdouble"), ("f", (4, 8, 16))),
}


def derived_type_name(payload_type: Any) -> str:
    """What the binding calls a class that has no ``type_name()``: Rust's name for a number."""
    name: str = payload_type.__name__
    if name == "c_bool":
        return "bool"
    if name in _PREFIXES:
        prefix, sizes = _PREFIXES[name]
        size = ctypes.sizeof(payload_type)
        if size in sizes:
            return f"{prefix}{size * 8}"
    return name


def checked_type_name(payload_type: Any) -> str:
    """The name under which ``payload_type`` is known to other processes.

    Its ``type_name()`` when it has one, else what is derived from the class name.

    Raises:
        UnsupportedPayload: not a name that iceoryx2 can use.
    """
    named = getattr(payload_type, "type_name", None)
    name = named() if callable(named) else derived_type_name(payload_type)
    if not isinstance(name, str) or not is_plain(name) or len(name) > LONGEST_TYPE_NAME:
        raise UnsupportedPayload(
            f"{payload_type.__name__} has the type name {name!r}, which iceoryx2 cannot use: "
            f"give it a static method type_name() that returns at most {LONGEST_TYPE_NAME} "
            f"ASCII characters"
        )
    return name
