"""Rows as aligned text, each column to the side that suits it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from taktora.cli.reading import printable

__all__ = ["lines_of", "table"]


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = ()
) -> str:
    """Columns under headings, those at ``right`` aligned there; what cannot be printed is escaped."""
    return lines_of([tuple(heads), *rows], right=right)


def lines_of(
    rows: Sequence[Sequence[str]], *, indent: str = "", right: Collection[int] = ()
) -> str:
    """The same without headings."""
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        (
            indent
            + "  ".join(
                cell.rjust(width) if at in right else cell.ljust(width)
                for at, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
        ).rstrip()
        for row in cells
    )
