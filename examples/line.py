"""A small line for `taktora run`: a sensor, a filter that wakes on its data, and a watchdog.

taktora run examples/line.py:build --stats      numbers while it runs
taktora graph examples/line.py:build            what is connected to what
python examples/line.py                         by itself, for 2 seconds
"""

from __future__ import annotations

import ctypes
import itertools
import math

from taktora import Context, Executor, every, item, on

PAUSE = range(600, 700)  # ticks of every thousand in which the sensor says nothing


def build(executor: Executor) -> None:
    raw = executor.channel("line/raw", ctypes.c_double)
    smooth = executor.channel("line/smooth", ctypes.c_double)
    raw_out, raw_in = raw.publisher(), raw.subscriber()
    smooth_out, smooth_in = smooth.publisher(), smooth.subscriber()
    ticks = itertools.cycle(range(1000))
    level = 0.0
    silent = False

    @every(0.002, id="sensor")  # 500 Hz
    def sensor() -> None:
        tick = next(ticks)
        if tick not in PAUSE:
            raw_out.send_copy(math.sin(tick / 50))

    @on(raw_in, id="filter")  # whenever data arrives
    def low_pass() -> None:
        nonlocal level
        for sample in raw_in:
            level += 0.1 * (sample.payload - level)
            smooth_out.send_copy(level)

    def watch(ctx: Context) -> None:
        nonlocal silent
        for _ in smooth_in:
            pass
        missed = ctx.triggers[0].kind == "deadline_missed"
        if missed != silent:
            print("watchdog: the line is silent" if missed else "watchdog: data again", flush=True)
        silent = missed

    executor.add(sensor)
    executor.add(low_pass)
    executor.add(item(watch, triggers=lambda on: on.deadline(smooth_in, 0.05), id="watchdog"))


if __name__ == "__main__":
    with Executor(name="line") as executor:
        build(executor)
        executor.run_for(2)
