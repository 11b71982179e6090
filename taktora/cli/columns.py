"""Rows as aligned text: the first column to the left, numbers to the right."""

from __future__ import annotations

from collections.abc import Sequence

from taktora.cli.reading import printable

__all__ = ["aligned"]


def aligned(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table without lines; what cannot be printed is escaped."""
    cells = [list(heads), *([printable(str(cell)) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )
