"""A controller that takes longer than its budget is relieved by its fault handler, and comes back.

Look at who runs in each tick: `control` until it overruns, then `hold`, on the same interval, until
it clears the fault. The budget is a promise about each execution: the breach is counted for good.
"""

from __future__ import annotations

from time import sleep

from taktora import Context, Executor, Fault, Item, Observer, TriggerDeclarer


class Control(Item):
    item_id = "control"
    ticks = 0

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        on.interval(0.02)
        on.budget(0.1)

    def execute(self, ctx: Context) -> None:
        self.ticks += 1
        print(f"control: tick {self.ticks}")
        if self.ticks == 3:
            sleep(0.15)  # a computation that went astray
        if self.ticks >= 6:
            ctx.stop_executor()


class Hold(Item):  # what is safe, until all is well again
    ticks = 0

    def execute(self, ctx: Context) -> None:
        self.ticks += 1
        print("hold:    valves stay where they are")
        if self.ticks % 3 == 0:
            ctx.self_ref.clear_fault()  # any thread may, through the ref


class Lamp(Observer):
    def on_fault(self, item_id: str | None, fault: Fault) -> None:
        print(f"lamp:    red, {fault}")

    def on_fault_cleared(self, item_id: str | None) -> None:
        print("lamp:    green")


def main() -> None:
    with Executor(name="faults", observer=Lamp()) as executor:
        executor.add(Control(), fault_handler=Hold())
        executor.run()
        print(f"overruns: {executor.stats()['control'].overruns}")


if __name__ == "__main__":
    main()
