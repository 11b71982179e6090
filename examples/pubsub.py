"""Source, filter, sink: three items joined by channels; each runs when its data arrives."""

from __future__ import annotations

import ctypes
import math

from taktora import Context, Executor, every, on

SAMPLES = 200


def main() -> None:
    with Executor(name="pubsub") as executor:
        noisy = executor.channel("pubsub/noisy", ctypes.c_double)
        smooth = executor.channel("pubsub/smooth", ctypes.c_double)
        source_out, filter_in = noisy.publisher(), noisy.subscriber()
        filter_out, sink_in = smooth.publisher(), smooth.subscriber()
        level = 1.0
        count = 0

        @every(0.005)
        def source(ctx: Context) -> None:
            source_out.send_copy(1 + 0.5 * math.sin(ctx.now_ns / 1e6))

        @on(filter_in)
        def low_pass() -> None:
            nonlocal level
            for sample in filter_in:
                level += 0.1 * (sample.payload - level)
                filter_out.send_copy(level)

        @on(sink_in)
        def sink(ctx: Context) -> None:
            nonlocal count
            for sample in sink_in:
                count += 1
                if count % 25 == 0:
                    print(f"{count:4}  {sample.payload:.3f}  {'#' * round(40 * sample.payload)}")
            if count >= SAMPLES:
                ctx.stop_executor()

        executor.add(source)
        executor.add(low_pass)
        executor.add(sink)
        executor.run()


if __name__ == "__main__":
    main()
