"""A SubDevice for tests, as somebody might write one."""

from __future__ import annotations

from collections.abc import Mapping

from taktora.segment.data_types import Value
from taktora.segment.hook import OwnDevice
from taktora.segment.signals import Signal


class Doubler(OwnDevice):
    """Twice what it is given; it fails on request."""

    outputs = (Signal("x", "u16"), Signal("fail", "bool"))
    inputs = (Signal("twice", "u32"),)

    def cycle(self, outputs: Mapping[str, Value], now: int) -> Mapping[str, Value]:
        if outputs["fail"]:
            raise RuntimeError("as it was told to")
        return {"twice": 2 * int(outputs["x"])}
