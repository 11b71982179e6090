"""Items that say what they did, for tests of chains and graphs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import taktora
from taktora import Context, ControlFlow, Item, TriggerDeclarer


class Part(Item):
    """Notes its executions in ``log``; the rest is up to the test."""

    def __init__(
        self,
        log: list[Any],
        item_id: str,
        *,
        every: float | None = None,
        flow: ControlFlow | None = None,
        error: BaseException | None = None,
        emits: Any = None,
        act: Callable[[Context], object] | None = None,
        budget: float | None = None,
    ) -> None:
        self.log = log
        self.item_id = item_id
        self.every = every
        self.flow = flow
        self.error = error
        self.emits = emits
        self.act = act
        self.allowed = budget
        self.inputs: list[Any] = []
        self.kinds: list[tuple[str, ...]] = []
        self.threads: set[int] = set()

    def __repr__(self) -> str:
        return f"Part({self.item_id!r})"

    def declare_triggers(self, on: TriggerDeclarer) -> None:
        if self.every is not None:
            on.interval(self.every)
        if self.allowed is not None:
            on.budget(self.allowed)

    def execute(self, ctx: Context) -> ControlFlow | None:
        self.log.append(self.item_id)
        self.inputs.append(ctx.input)
        self.kinds.append(tuple(fired.kind for fired in ctx.triggers))
        self.threads.add(threading.get_ident())
        if self.act is not None:
            self.act(ctx)
        if self.error is not None:
            raise self.error
        if self.emits is not None:
            ctx.emit(self.emits(ctx.input) if callable(self.emits) else self.emits)
        return self.flow

    def on_receive(self, message: Any, ctx: Context) -> Any:
        self.log.append((self.item_id, message))
        return message


class Notes(taktora.Observer):
    """Everything an observer is told, in order."""

    def __init__(self) -> None:
        self.seen: list[tuple[Any, ...]] = []

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("on_"):
            return super().__getattribute__(name)
        return lambda *args: self.seen.append((name.removeprefix("on_"), *args))

    def of(self, *names: str) -> list[tuple[Any, ...]]:
        return [entry for entry in self.seen if entry[0] in names]
