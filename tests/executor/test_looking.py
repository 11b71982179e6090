"""When the driver looks at the WaitSet, and when it sleeps."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest

import taktora
from taktora import Executor, Item, Runner


class Echo(Item):
    """Writes one eventfd when the other one is readable."""

    def __init__(self, mine: int, other: int) -> None:
        self.mine, self.other = mine, other

    def declare_triggers(self, on: taktora.TriggerDeclarer) -> None:
        on.fd(self.mine)

    def execute(self) -> None:
        os.eventfd_read(self.mine)
        os.eventfd_write(self.other, 1)


@pytest.mark.rule("LIFE-18")
@pytest.mark.parametrize(("busy_poll", "looks"), [(0.5, True), (0, False)])
def test_a_driver_that_is_woken_soon_looks_before_it_sleeps_unless_told_not_to(
    make_executor: Callable[..., Executor], workers: int, busy_poll: float, looks: bool
) -> None:
    executor = make_executor(worker_threads=workers, busy_poll=busy_poll)
    ours, theirs = os.eventfd(0, os.EFD_NONBLOCK), os.eventfd(0)
    executor.add(Echo(ours, theirs))
    patience = executor._driver._patience
    try:
        with Runner(executor):
            seen = []
            for _ in range(20):
                os.eventfd_write(ours, 1)
                os.eventfd_read(theirs)
                seen.append(patience.window)
    finally:
        os.close(ours)
        os.close(theirs)
    assert any(seen) is looks


@pytest.mark.rule("LIFE-18")
def test_a_driver_that_is_woken_slowly_sleeps_at_once(
    make_executor: Callable[..., Executor],
) -> None:
    executor = make_executor(busy_poll=0.0001)
    windows: list[int] = []
    executor.add(
        taktora.item(
            lambda: windows.append(executor._driver._patience.window),
            triggers=lambda on: on.interval(0.005),
        )
    )
    executor.run_n(20)
    assert windows == [0] * 20


class Restless(Item):
    """Tells itself for ever: always ready."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.busy = threading.Event()
        self.count = 0

    def on_receive(self, message: object, ctx: taktora.Context) -> None:
        self.count += 1
        if self.count == 100:
            self.busy.set()
        if not self.stop.is_set():
            ctx.self_ref.tell(message)


@pytest.mark.rule("LIFE-19")
def test_an_item_that_is_always_ready_keeps_nothing_else_from_being_seen(
    executor: Executor,
) -> None:
    heard, ticked, done = threading.Event(), threading.Event(), threading.Event()
    fd = os.eventfd(0, os.EFD_NONBLOCK)

    def hear() -> None:
        os.eventfd_read(fd)
        heard.set()

    restless = Restless(done)
    ref = executor.add(restless)
    executor.add(taktora.item(hear, triggers=lambda on: on.fd(fd)))
    executor.add(taktora.item(ticked.set, triggers=lambda on: on.interval(0.01)))
    try:
        with Runner(executor) as runner:
            ref.tell("go on")
            assert restless.busy.wait(30)
            os.eventfd_write(fd, 1)
            assert heard.wait(30)
            assert ticked.wait(30)
            runner.stop(30)  # although the item goes on and on
    finally:
        done.set()
        os.close(fd)
    assert restless.count > 100
