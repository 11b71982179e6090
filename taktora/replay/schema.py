"""A channel's facts as an MCAP schema and channel metadata, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from taktora.errors import InvalidArgument
from taktora.replay.facts import Field, RecordedChannel, Tally

__all__ = [
    "MESSAGE_ENCODING",
    "PROFILE",
    "REPORT",
    "SCHEMA_ENCODING",
    "channel_from",
    "limits_as_metadata",
    "report_as_metadata",
    "report_from",
    "schema_data",
]

PROFILE: Final = "taktora"
"""In the header of every recording; files of others have another, or none."""
SCHEMA_ENCODING: Final = "taktora.layout"
MESSAGE_ENCODING: Final = "taktora.raw"
"""The payload's bytes as they lay in shared memory, padding included."""
REPORT: Final = "taktora.report"
"""Name of the metadata record with what was counted while recording."""

_VERSION: Final = 1


def schema_data(channel: RecordedChannel) -> bytes:
    """The layout as JSON."""
    layout = {
        "version": _VERSION,
        "kind": channel.kind,
        "type_name": channel.type_name,
        "size": channel.size,
        "alignment": channel.alignment,
        "fields": [_field_as_json(one) for one in channel.fields],
    }
    return json.dumps(layout).encode()


def _field_as_json(one: Field) -> dict[str, Any]:
    told: dict[str, Any] = {"name": one.name, "offset": one.offset, "format": one.format}
    if one.shape:
        told["shape"] = list(one.shape)
    if one.bits is not None:
        told["bits"] = list(one.bits)
    return told


def limits_as_metadata(channel: RecordedChannel) -> dict[str, str]:
    """The limits as text, each under its own name; one that is ``None`` is left out."""
    return {name: json.dumps(value) for name, value in channel.limits.items() if value is not None}


def channel_from(name: str, layout: bytes, limits: Mapping[str, str]) -> RecordedChannel:
    """The channel that :func:`schema_data` and :func:`limits_as_metadata` described.

    Raises:
        InvalidArgument: they describe none, or are of a later version of taktora.
    """
    try:
        told = json.loads(layout)
        if told["version"] > _VERSION:
            raise InvalidArgument(
                f"channel {name!r} was recorded by a later taktora (layout version "
                f"{told['version']}, known: {_VERSION}); update taktora to read it"
            )
        return RecordedChannel(
            name,
            type_name=str(told["type_name"]),
            size=int(told["size"]),
            alignment=int(told["alignment"]),
            dynamic=told["kind"] != "fixed",
            fields=tuple(_field_from(one) for one in told["fields"]),
            limits={limit: json.loads(value) for limit, value in limits.items()},
        )
    except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as exc:
        raise InvalidArgument(f"channel {name!r} has a layout that cannot be read: {exc}") from exc


def _field_from(told: Mapping[str, Any]) -> Field:
    bits = told.get("bits")
    return Field(
        str(told["name"]),
        int(told["offset"]),
        str(told["format"]),
        tuple(told.get("shape", ())),
        None if bits is None else (bits[0], bits[1]),
    )


def report_as_metadata(tallies: Mapping[str, Tally]) -> dict[str, str]:
    """What was counted, by channel."""
    return {
        name: json.dumps({"bytes": tally.bytes, "full_reads": tally.full_reads})
        for name, tally in tallies.items()
    }


def report_from(metadata: Mapping[str, str], messages: Mapping[str, int]) -> dict[str, Tally]:
    """The tallies, with the numbers of messages from elsewhere.

    Raises:
        InvalidArgument: the report is damaged.
    """
    tallies = {}
    for name, count in messages.items():
        try:
            told = json.loads(metadata.get(name, "{}"))
            numbers = int(told.get("bytes", 0)), int(told.get("full_reads", 0))
        except (ValueError, TypeError, AttributeError) as exc:
            raise InvalidArgument(f"the report about {name!r} cannot be read: {exc}") from exc
        tallies[name] = Tally(count, *numbers)
    return tallies
