"""A service that adds two numbers: the server wakes on a request, the client on its response."""

from __future__ import annotations

import ctypes

from taktora import Client, Context, Executor, Item, TriggerDeclarer, on


class Pair(ctypes.Structure):
    _fields_ = (("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


class Fibonacci(Item):
    """Asks for one sum after the other; never waits, so nothing else is held up."""

    def __init__(self, adder: Client, numbers: int) -> None:
        self.adder, self.left = adder, numbers
        self.a, self.b = 0, 1

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        on.client(self.adder)

    def on_start(self) -> None:
        self.pending = self.adder.send_copy(Pair(self.a, self.b))

    def execute(self, ctx: Context) -> None:
        response = self.pending.take()
        if response is None:
            return
        print(f"{self.a:>6} + {self.b:>6} = {response.payload:>6}")
        self.a, self.b, self.left = self.b, response.payload, self.left - 1
        if self.left:
            self.pending = self.adder.send_copy(Pair(self.a, self.b))
        else:
            ctx.stop_executor()


def main() -> None:
    with Executor(name="request-response") as executor:
        service = executor.service("examples/add", Pair, ctypes.c_uint64)
        server = service.server()

        @on(server)
        def add() -> None:
            for request in server:
                request.respond(request.payload.a + request.payload.b)

        executor.add(add)
        executor.add(Fibonacci(service.client(), numbers=20))
        executor.run()


if __name__ == "__main__":
    main()
