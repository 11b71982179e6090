"""The ``mcap`` library, which only those need who record or replay."""

from __future__ import annotations

from typing import Any

from taktora.errors import MissingExtra

__all__ = ["damage", "import_mcap"]


def import_mcap() -> Any:
    """The package ``mcap`` with its reading and writing modules loaded.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        import mcap
        import mcap.data_stream
        import mcap.exceptions
        import mcap.opcode
        import mcap.records
        import mcap.stream_reader
        import mcap.writer
    except ImportError as exc:
        raise MissingExtra("recordings need mcap: pip install 'taktora[replay]'") from exc
    return mcap


def damage() -> tuple[type[Exception], ...]:
    """What reading a damaged record raises: the library's errors, and those of what it calls."""
    import struct

    from mcap.exceptions import McapError
    from zstandard import ZstdError

    # lz4 raises RuntimeError; a checksum or a text that is wrong is a ValueError
    # a length that is wrong can be more than Python can count
    return (
        McapError,
        ZstdError,
        ValueError,
        RuntimeError,
        struct.error,
        MemoryError,
        OverflowError,
    )
