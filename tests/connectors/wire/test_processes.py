"""Two processes, and the end of one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import taktora
from taktora import Executor, Runner
from tests.conftest import remove_leftovers

from .conftest import Wire
from .values import Reading

COUNT = 5_000
ID = bytes(range(1, 33))


@pytest.mark.rule("PORT-17")
def test_values_go_to_another_process_and_come_back_with_all_that_belongs_to_them(
    make_executor: Callable[..., Any], domain: str, start: Callable[..., Any]
) -> None:
    executor: Executor = make_executor()
    wire = Wire(executor)
    writer, reader = wire.writer(suffix=".out"), wire.reader(suffix=".in")
    seen: list[Any] = []
    everything = threading.Event()

    @taktora.on(reader)
    def receive() -> None:
        seen.extend(reader)
        if len(seen) == 100:
            everything.set()
        elif seen and len(seen) < 100:
            send(len(seen))

    def send(n: int) -> None:
        writer.send(Reading("there and back", n), correlation_id=ID if n % 2 else None)

    executor.add(receive)
    far = start("echo", domain)
    far.expect("ready")
    with Runner(executor):
        send(0)
        assert everything.wait(20)
    far.go()
    assert far.wait()[0] == 0
    assert [one.value for one in seen] == [Reading("there and back", n) for n in range(100)]
    assert [one.sequence for one in seen] == list(range(100))
    assert [one.correlation_id for one in seen] == [ID if n % 2 else None for n in range(100)]
    stats = reader.stats()
    assert (stats.gaps, stats.crc_errors, stats.decode_errors) == (0, 0, 0)
    assert stats.latency is not None
    assert stats.latency.count == 100


@pytest.mark.rule("PORT-17", "PORT-05")
def test_a_process_that_heeds_back_pressure_loses_nothing(
    make_executor: Callable[..., Any], domain: str, start: Callable[..., Any]
) -> None:
    executor: Executor = make_executor()
    reader = Wire(executor).reader(suffix=".in", overflow=False)
    numbers: list[tuple[int, int]] = []
    last = threading.Event()

    @taktora.on(reader)
    def receive() -> None:
        numbers.extend((one.sequence, one.value.number) for one in reader)
        if len(numbers) == COUNT:
            last.set()

    executor.add(receive)
    far = start("send_all", domain, COUNT)
    far.expect("ready")
    with Runner(executor):
        far.go()
        assert last.wait(30), len(numbers)
    assert far.expect("done") == ["done", str(COUNT)]
    far.go()
    far.wait()
    assert numbers == [(n, n) for n in range(COUNT)]
    assert reader.stats().gaps == 0


@pytest.mark.rule("PORT-09", "PORT-17")
def test_after_a_writer_was_killed_its_successor_is_read_and_counted_as_a_restart(
    make_executor: Callable[..., Any], domain: str, start: Callable[..., Any]
) -> None:
    executor: Executor = make_executor()
    reader = Wire(executor).reader(suffix=".in")
    count = 0
    enough = [threading.Event(), threading.Event()]

    @taktora.on(reader)
    def receive() -> None:
        nonlocal count
        for one in reader:
            assert one.value.number == one.sequence
            count += 1
            life = reader.stats().restarts
            if one.sequence >= 5:
                enough[life].set()

    executor.add(receive)
    with Runner(executor):
        for life in range(2):
            far = start("send_for_ever", domain)
            far.expect("ready")
            assert enough[life].wait(20)
            assert reader.stats().restarts == life
            far.process.kill()
            far.process.wait()
    assert reader.stats().decode_errors == reader.stats().crc_errors == 0
    executor.close()
    remove_leftovers(domain)
