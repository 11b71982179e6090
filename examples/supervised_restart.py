"""A camera that fails now and then is opened anew, after a pause that doubles; not for ever.

Look at the pauses, at the limit that ends the run with ItemFailed, and at who is told at the end: a
restart is none, so the guard hears nothing of it; that the camera is gone for good, it hears.
"""

from __future__ import annotations

from itertools import count
from time import monotonic

from taktora import Context, Executor, Item, ItemFailed, ItemRef, Supervision, Terminated, every

START = monotonic()
serial = count(1)


def say(text: str) -> None:
    print(f"{(monotonic() - START) * 1000:4.0f} ms  {text}")


def open_camera() -> Item:  # called again by each restart
    number, frames = next(serial), count(1)
    say(f"camera {number} opened")

    @every(0.005)
    def camera() -> None:
        if next(frames) > 3:
            raise ConnectionError(f"camera {number}: cable pulled")

    return camera


class Guard(Item):
    def on_receive(self, message: object, ctx: Context) -> None:
        if isinstance(message, ItemRef):
            ctx.watch(message)
        elif isinstance(message, Terminated):
            say(f"guard: {message.item_id} has ended")
            ctx.stop_executor()


def main() -> None:
    policy = Supervision.restart(max_restarts=3, within=5, backoff=0.05, backoff_max=1)
    with Executor(name="restart") as executor:
        camera = executor.add(open_camera, id="camera", supervision=policy)
        executor.add(Guard(), id="guard").tell(camera)
        try:
            executor.run()
        except ItemFailed as error:
            say(f"gave up: {error}")
            camera.stop()
            executor.run_for(1)  # the others can go on: the guard is told


if __name__ == "__main__":
    main()
