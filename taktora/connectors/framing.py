"""What writers check before they send: correlation ids, checksums, what is bytes-like."""

from __future__ import annotations

from typing import Any, get_args

from taktora.connectors.envelope import CORRELATION_ID_SIZE, Checksum
from taktora.errors import CodecError, InvalidArgument

__all__ = ["check_checksum", "check_correlation_id", "octets"]


def octets(data: Any, what: str) -> bytes | memoryview:
    """``data`` as plain bytes, copied only if it does not lie in one piece.

    Raises:
        CodecError: it is nothing bytes-like, or was released; ``what`` is who made it.
    """
    if type(data) is bytes:
        return data
    try:
        view = memoryview(data)
    except TypeError:
        raise CodecError(what, f"{type(data).__name__} is not bytes-like") from None
    except ValueError as error:  # it was one, and has been released, or closed
        raise CodecError(what, f"{type(data).__name__} has no bytes any more: {error}") from None
    try:
        return view.cast("B")
    except (TypeError, ValueError):  # in pieces, or of a format that memoryview does not know
        return view.tobytes()


def check_checksum(checksum: Any) -> Checksum:
    """``checksum``, or ``InvalidArgument``."""
    if checksum not in get_args(Checksum):
        raise InvalidArgument(f"checksum must be 'auto', 'frame' or 'header', not {checksum!r}")
    return checksum  # type: ignore[no-any-return]


def check_correlation_id(given: Any) -> None:
    """Raise ``InvalidArgument`` unless it can be a correlation id."""
    if not isinstance(given, bytes) or len(given) > CORRELATION_ID_SIZE:
        raise InvalidArgument(
            f"a correlation id is at most {CORRELATION_ID_SIZE} bytes, not {given!r}"
        )
