"""An object dictionary as text for people, and as JSON for programs. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

from taktora.cli.ethercat.tables import table
from taktora.connectors.ethercat.object_descriptions import (
    EntryDescription,
    ObjectDescription,
    access_in_words,
)
from taktora.connectors.ethercat.object_types import decode, in_words
from taktora.errors import BusError

__all__ = ["Values", "as_json", "as_text", "folded", "value_for_json"]

Values = Mapping[tuple[int, int], bytes | str]
"""By index and subindex: what was read, or why it was not, in words."""

_LAST_NUMBER: Final = re.compile(r"[0-9]+$")
_SHORTEST_FOLD: Final = 6
_LONGEST_VALUE: Final = 60


def as_text(objects: Sequence[ObjectDescription], values: Values | None, *, fold: bool) -> str:
    """A line for each object and entry; ``fold``: many entries that are alike are one line."""
    rows: list[tuple[str, ...]] = []
    for one in objects:
        if one.code_name == "var" and one.entries:
            entry = one.entries[0]
            cells = _cells(entry, one.index, values)
            rows.append((f"0x{one.index:04X}", one.name or entry.name, *cells))
            continue
        rows.append((f"0x{one.index:04X}", one.name, one.problem or one.code_name, "", "", "", ""))
        shown = {sub for index, sub in values or () if index == one.index}
        entries = [entry for entry in one.entries if not entry.is_gap]
        for run in folded(entries, shown) if fold else [(entry,) for entry in entries]:
            first, last = run[0], run[-1]
            cells = _cells(first, one.index, values)
            if len(run) == 1:
                rows.append((f"    :{first.subindex:02X}", f"  {first.name}", *cells))
                continue
            unused = values is not None and first.is_readable
            where = f"    :{first.subindex:02X}-{last.subindex:02X}"
            rows.append(
                (where, f"  {_span(first, last)}", *cells[:4], "not in use" if unused else "")
            )
    heads: tuple[str, ...] = ("object", "name", "type", "bits", "access", "pdo", "value")
    if values is None:
        heads, rows = heads[:6], [row[:6] for row in rows]
    return table(heads, rows, right=(3,))


def folded(
    entries: Sequence[EntryDescription], shown: AbstractSet[int] = frozenset()
) -> list[tuple[EntryDescription, ...]]:
    """Entries one by one, and runs of many that differ by a number in their names together; those at
    the subindices ``shown`` are never in a run.
    """
    runs: list[list[EntryDescription]] = []
    for one in entries:
        last = runs[-1][-1] if runs else None
        if last and not {last.subindex, one.subindex} & shown and _alike(last, one):
            runs[-1].append(one)
        else:
            runs.append([one])
    return [
        part
        for run in runs
        for part in ([tuple(run)] if len(run) >= _SHORTEST_FOLD else [(one,) for one in run])
    ]


def as_json(position: int, objects: Sequence[ObjectDescription], values: Values | None) -> str:
    """Everything."""
    every = [
        {
            "index": one.index,
            "name": one.name,
            "code": one.code_name,
            "entries": [
                _entry(one.index, entry, values) for entry in one.entries if not entry.is_gap
            ],
            **({"problem": one.problem} if one.problem else {}),
        }
        for one in objects
    ]
    return json.dumps({"position": position, "objects": every}, indent=2)


def value_for_json(value: Any) -> Any:
    """As JSON has it: bytes are hexadecimal digits."""
    return value.hex() if isinstance(value, bytes) else value


def _entry(index: int, its: EntryDescription, values: Values | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "subindex": its.subindex,
        "name": its.name,
        "type": its.type.name,
        "data_type": its.data_type,
        "bits": its.bits,
        "access": access_in_words(its.access),
        "pdo": its.pdo or None,
    }
    if values is None or (found := values.get((index, its.subindex))) is None:
        return told
    if isinstance(found, str):
        return {**told, "error": found}
    try:
        value = decode(its.type, found)
    except BusError:  # another length than it said
        value = found
    return {**told, "value": value_for_json(value), "hex": found.hex()}


def _cells(its: EntryDescription, index: int, values: Values | None) -> tuple[str, ...]:
    value = ""
    if values is not None and (found := values.get((index, its.subindex))) is not None:
        value = found if isinstance(found, str) else in_words(its.type, found)
        if len(value) > _LONGEST_VALUE:
            value = value[: _LONGEST_VALUE - 3] + "..."
    return its.type.name, str(its.bits), access_in_words(its.access), its.pdo, value


def _span(first: EntryDescription, last: EntryDescription) -> str:
    """``Mapping entry 2 to 254``."""
    number = _LAST_NUMBER.search(last.name)
    return f"{first.name} to {number[0] if number else last.name}"


def _alike(one: EntryDescription, other: EntryDescription) -> bool:
    return (
        other.subindex == one.subindex + 1
        and (one.data_type, one.bits, one.access) == (other.data_type, other.bits, other.access)
        and re.sub(r"[0-9]+", "#", one.name) == re.sub(r"[0-9]+", "#", other.name)
    )
