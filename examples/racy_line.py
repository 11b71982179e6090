"""An inspection line with a race in it, for `docs/property-testing.md`.

python examples/racy_line.py                    10,000 parts on the real executor: nothing is wrong
python -m pytest examples/test_racy_line.py     the race, found and made small; the line without it

A camera sees a part. Two stages look at it side by side: is it clean, does it fit? A gate joins what
they say, and an ejector blows the part off the belt unless both are content.
"""

from __future__ import annotations

import ctypes
from typing import Any

import taktora
from taktora import ControlFlow

PARTS = 10_000


class Part(ctypes.Structure):
    _fields_ = [
        ("number", ctypes.c_uint32),
        ("scratches", ctypes.c_uint32),
        ("width", ctypes.c_uint32),  # micrometres
    ]


class Finding(ctypes.Structure):
    _fields_ = [("number", ctypes.c_uint32), ("good", ctypes.c_bool)]


def is_good(number: int) -> bool:
    """What comes along: every third part is too wide, every fifth is scratched."""
    return number % 3 != 0 and number % 5 != 0


class Camera(taktora.Item):
    """Sees the next part on the belt."""

    item_id = "camera"

    def __init__(self, parts: Any, period: float) -> None:
        self.parts, self.period = parts, period
        self.number = 0

    def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
        on.interval(self.period)

    def execute(self, ctx: taktora.Context) -> None:
        self.number += 1
        scratches = 2 if self.number % 5 == 0 else 0
        width = 1300 if self.number % 3 == 0 else 1000
        self.parts.send_copy(Part(self.number, scratches, width))


class Gate(taktora.Item):
    """Joins the latest of each. That is the race: nobody looks at the numbers."""

    item_id = "join"

    def __init__(self, parts: Any, surfaces: Any, widths: Any) -> None:
        self.parts, self.surfaces, self.widths = parts, surfaces, widths
        self.rejects: list[int] = []
        self.number = 0
        self.clean: bool | None = None
        self.fits: bool | None = None

    def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
        for source in (self.parts, self.surfaces, self.widths):
            on.subscriber(source)

    def execute(self, ctx: taktora.Context) -> ControlFlow:
        for finding in self.surfaces:
            self.clean = finding.payload.good
        for finding in self.widths:
            self.fits = finding.payload.good
        if self.clean is not None and self.fits is not None:  # both have spoken
            if not (self.clean and self.fits):
                self.rejects.append(self.number)
            self.clean = self.fits = None
        for part in self.parts:  # the next one is coming
            self.number = part.payload.number
        return ControlFlow.CONTINUE if self.rejects else ControlFlow.STOP_CHAIN


class GateByNumber(Gate):
    """The same without the race: what has the same number belongs together."""

    def __init__(self, parts: Any, surfaces: Any, widths: Any) -> None:
        super().__init__(parts, surfaces, widths)
        self.half: dict[int, bool] = {}

    def execute(self, ctx: taktora.Context) -> ControlFlow:
        for _ in self.parts:
            pass
        for findings in (self.surfaces, self.widths):
            for finding in findings:
                self.join(finding.payload.number, finding.payload.good)
        return ControlFlow.CONTINUE if self.rejects else ControlFlow.STOP_CHAIN

    def join(self, number: int, good: bool) -> None:
        if number not in self.half:
            self.half[number] = good
        elif not (self.half.pop(number) and good):
            self.rejects.append(number)


def build(executor: Any, gate_type: type[Gate] = Gate, period: float = 0.01) -> None:
    parts = executor.channel("line/parts", Part)
    surfaces = executor.channel("line/surfaces", Finding)
    widths = executor.channel("line/widths", Finding)
    ejected = executor.channel("line/ejected", ctypes.c_uint32)
    gate = gate_type(parts.subscriber(), surfaces.subscriber(), widths.subscriber())
    to_surface, surface_out = parts.subscriber(), surfaces.publisher()
    to_width, width_out = parts.subscriber(), widths.publisher()
    ejected_out = ejected.publisher()

    @taktora.on(to_surface, id="surface")
    def surface() -> None:
        for sample in to_surface:
            part = sample.payload
            surface_out.send_copy(Finding(part.number, part.scratches == 0))

    @taktora.on(to_width, id="width")
    def width() -> None:
        for sample in to_width:
            part = sample.payload
            width_out.send_copy(Finding(part.number, 980 <= part.width <= 1020))

    def eject() -> None:
        while gate.rejects:
            ejected_out.send_copy(ctypes.c_uint32(gate.rejects.pop(0)))

    executor.add(Camera(parts.publisher(), period))
    executor.add_chain([gate, taktora.item(eject, id="eject")], id="gate")
    executor.add(surface)
    executor.add(width)


def main() -> None:
    with taktora.Executor(name="racy-line") as executor:
        build(executor, period=0.0005)
        ejected = executor.channel("line/ejected", ctypes.c_uint32).subscriber()
        wrong: list[int] = []
        bad = 0

        @taktora.on(ejected)
        def check() -> None:
            nonlocal bad
            for sample in ejected:
                bad += 1
                if is_good(sample.payload.value):
                    wrong.append(sample.payload.value)

        executor.add(check)
        executor.run_until(lambda: executor.stats()["camera"].count >= PARTS)
        print(f"{PARTS} parts, {bad} ejected, {len(wrong)} of them good ones")


if __name__ == "__main__":
    main()
