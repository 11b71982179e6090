"""Camera frames of 1 MB without a copy: written, sent and read in the same shared memory."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from taktora import Context, Executor, on

try:
    import numpy as np
except ImportError:
    sys.exit("this example needs numpy: pip install 'taktora[numpy]'")

FRAMES = 500
FRAME = np.dtype((np.uint8, (1024, 1024)))


def mapping_of(frame: np.ndarray) -> str:
    """What this process has mapped where the pixels lie: permissions and file."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        bounds, permissions, *_, name = line.split(maxsplit=5)
        first, last = (int(bound, 16) for bound in bounds.split("-"))
        if first <= frame.ctypes.data < last:
            return f"{permissions}, of {name[:32]}..."
    return "unknown"


def main() -> None:
    with Executor(name="loan-frames") as executor:
        channel = executor.channel("loan-frames", FRAME, buffer_size=2)
        camera, viewer = channel.publisher(), channel.subscriber()
        shot: list[float] = []  # when

        def shoot() -> None:
            shot.append(time.perf_counter())
            with camera.loan() as frame:
                frame[:] = len(shot) % 256  # straight into shared memory

        @on(viewer)
        def view(ctx: Context) -> None:
            for sample in viewer:
                frame = sample.payload
                assert frame[0, 0] == frame[-1, -1] == len(shot) % 256
                if len(shot) == 1:
                    print(f"No copy: the array is a mapping, {mapping_of(frame)}")
            shoot() if len(shot) < FRAMES else ctx.stop_executor()

        executor.add(view)
        shoot()
        executor.run()
    each = (time.perf_counter() - shot[0]) / FRAMES
    print(f"{FRAMES} frames, {each * 1e6:.0f} us each: {FRAME.itemsize / each / 1e9:.1f} GB/s")


if __name__ == "__main__":
    main()
