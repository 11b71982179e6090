"""Ends of processes, the gentle and the other ones."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import taktora
from taktora import Executor, Runner
from tests.conftest import leftovers

from .worker import Reading


def files_of(domain: str, before: list[str]) -> list[str]:
    return [path for path in leftovers(domain) if path not in before]


@pytest.mark.rule("LIFE-22")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("role", ["publish_for_ever", "receive_for_ever 0", "receive_for_ever 2"])
def test_after_a_polite_signal_the_process_ends_cleanly_and_leaves_no_file(
    domain: str, start: Callable[..., Any], number: signal.Signals, role: str
) -> None:
    name, *rest = role.split()
    worker = start(name, domain, *rest)
    worker.expect("ready")
    began = time.monotonic()
    worker.process.send_signal(number)
    code, out, err = worker.wait()
    assert time.monotonic() - began < 5
    assert (code, out, err) == (0, "ended\n", "")
    assert leftovers(domain) == []


def receiving(executor: Executor) -> tuple[list[int], threading.Condition]:
    subscriber = executor.channel("line", Reading).subscriber()
    seen: list[int] = []
    changed = threading.Condition()

    def receive() -> None:
        with changed:
            seen.extend(sample.payload.sequence for sample in subscriber)
            changed.notify_all()

    executor.add(taktora.item(receive, triggers=lambda on: on.subscriber(subscriber)))
    return seen, changed


def wait_for_more(seen: list[int], changed: threading.Condition, count: int = 3) -> None:
    with changed:
        wanted = len(seen) + count
        assert changed.wait_for(lambda: len(seen) >= wanted, 20), seen


@pytest.mark.rule("LIFE-22", "LIFE-23")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_receiver_outlives_its_sender_and_hears_the_next_one(
    executor: Executor, domain: str, start: Callable[..., Any], number: signal.Signals
) -> None:
    seen, changed = receiving(executor)
    with Runner(executor):
        for _ in range(2):
            sender = start("publish_for_ever", domain)
            sender.expect("ready")
            wait_for_more(seen, changed)
            sender.process.send_signal(number)
            code, _, _ = sender.wait()
            assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0)
    assert executor.stats().dead_letters == 0


@pytest.mark.rule("LIFE-22", "LIFE-23")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_sender_outlives_its_receiver_and_reaches_the_next_one(
    executor: Executor, domain: str, start: Callable[..., Any], number: signal.Signals
) -> None:
    publisher = executor.channel("line", Reading).publisher()
    sent = []

    def publish(ctx: taktora.Context) -> None:
        sent.append(publisher.send_copy(Reading(len(sent), ctx.now_ns)))

    executor.add(taktora.item(publish, triggers=lambda on: on.interval(0.002)))
    with Runner(executor):
        for _ in range(2):
            receiver = start("receive_for_ever", domain, 1)
            receiver.expect("got")
            receiver.process.send_signal(number)
            receiver.wait()
        before = len(sent)
        while len(sent) < before + 20:
            threading.Event().wait(0.005)
    assert all(outcome.sent for outcome in sent)


@pytest.mark.rule("LIFE-23")
@pytest.mark.parametrize("role", ["publish_for_ever", "receive_for_ever 1"])
def test_after_sigkill_the_next_start_cleans_up(
    domain: str, start: Callable[..., Any], role: str
) -> None:
    name, *rest = role.split()
    worker = start(name, domain, *rest)
    worker.expect("ready")
    worker.process.kill()
    worker.wait()
    assert leftovers(domain), "a killed process cannot have cleaned up"
    with taktora.Executor(domain=domain):
        pass
    assert leftovers(domain) == []


@pytest.mark.rule("LIFE-14")
def test_a_program_that_just_ends_leaves_nothing(domain: str, start: Callable[..., Any]) -> None:
    worker = start("just_end", domain)
    code, out, err = worker.wait()
    assert (code, out, err) == (0, "ready 1\n", "")
    assert leftovers(domain) == []


@pytest.mark.rule("LIFE-21")
def test_an_item_that_never_returns_yields_to_a_second_ctrl_c(
    domain: str, start: Callable[..., Any]
) -> None:
    worker = start("never_ends", domain)
    worker.expect("ready")
    threading.Event().wait(0.3)
    worker.process.send_signal(signal.SIGINT)
    threading.Event().wait(0.3)
    assert worker.process.poll() is None
    worker.process.send_signal(signal.SIGINT)
    code, _, err = worker.wait()
    assert code != 0
    assert "KeyboardInterrupt" in err
    assert leftovers(domain) == []


@pytest.mark.rule("LIFE-04")
def test_stop_returns_the_run_within_50_ms_in_the_median(executor: Executor) -> None:
    delays = []
    for _ in range(9):
        with Runner(executor) as runner:
            began = time.monotonic()
            executor.stop()
            runner.stop(10)
            delays.append(time.monotonic() - began)
    assert sorted(delays)[4] < 0.05
