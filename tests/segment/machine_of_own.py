"""A SubDevice for tests, as somebody might write one."""

from __future__ import annotations

from collections.abc import Mapping

from taktora.segment import OwnDevice, Signal
from taktora.segment.data_types import Value


class Doubler(OwnDevice):
    """Twice what it is given; it fails on request."""

    outputs = (Signal("x", "u16"), Signal("fail", "bool"))
    inputs = (Signal("twice", "u32"),)

    def cycle(self, outputs: Mapping[str, Value], now: int) -> Mapping[str, Value]:
        if outputs["fail"]:
            raise RuntimeError("as it was told to")
        return {"twice": 2 * int(outputs["x"])}
