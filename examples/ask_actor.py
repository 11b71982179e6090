"""Every item is an actor: `ask`, `tell` and `proxy` reach it from any thread, through its ref.

A tank fills by itself on a worker of the executor; the main thread talks to it meanwhile.
"""

from __future__ import annotations

from attrs import frozen

from taktora import Context, Executor, Item, Runner, TriggerDeclarer


@frozen
class Drain:
    litres: float


@frozen
class Level:
    pass


class Tank(Item):
    """Its methods run one at a time, and only they touch its attributes: no locks."""

    def __init__(self) -> None:
        self.litres, self.inflow, self.at_ns = 0.0, 100.0, 0

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        on.interval(0.001)

    def execute(self, ctx: Context) -> None:
        seconds = (ctx.now_ns - (self.at_ns or ctx.now_ns)) / 1e9
        self.litres, self.at_ns = self.litres + self.inflow * seconds, ctx.now_ns

    def on_receive(self, message: Drain | Level, ctx: Context) -> float:
        if isinstance(message, Drain):
            print(f"       {ctx.item_id} drains {message.litres} litres")
            self.litres -= message.litres
        return self.litres  # the answer to an ask


def main() -> None:
    with Executor(worker_threads=1) as executor:
        tank = executor.add(Tank(), id="tank")
        with Runner(executor):  # a thread of its own
            while (level := tank.ask(Level())) < 20:
                pass
            print(f"ask:   it holds {level:.1f} litres")
            tank.tell(Drain(15))  # returns at once
            print(f"tell:  now it holds {tank.ask(Level()):.1f} litres")
            print(f"proxy: {tank.proxy().inflow.get():.1f} litres flow in per second")
            answer = tank.ask(Drain(2), block=False)  # a future
            print(f"later: {answer.get(timeout=1):.1f} litres are left")


if __name__ == "__main__":
    main()
