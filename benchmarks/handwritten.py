"""The shortest correct loop over plain iceoryx2: what there is to lose by using a framework.

"Correct" costs two things that a shorter loop would leave out: the listener is drained until it is empty
(two notifiers and one ``try_wait`` per wake-up lose wake-ups), and the wait has an end. Signal handling
is off everywhere, because iceoryx2's own replaces Python's handlers.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import iceoryx2 as iox

from benchmarks.harness import Batch, laps

__all__ = [
    "PREFIX",
    "Doorbell",
    "Tick",
    "fresh_node",
    "open_attachments",
    "open_loop",
    "sweep",
    "waitset",
]

PREFIX = f"tkbench{os.getpid()}"
"""Keeps this process's services apart from everyone else's."""

CAP = iox.Duration.from_millis(500)


class Tick(ctypes.Structure):
    """Eight bytes of payload."""

    _fields_ = (("number", ctypes.c_uint64),)
    number: int

    @staticmethod
    def type_name() -> str:
        return "Tick"


def sweep(prefix: str) -> None:
    """Remove what is left under ``prefix``: one segment as a rule, more after somebody crashed."""
    root = Path(iox.config.global_config().global_cfg.root_path.to_string())
    for left in [*Path("/dev/shm").glob(f"{prefix}*"), *root.rglob(f"{prefix}*")]:
        if not left.is_dir():
            left.unlink(missing_ok=True)


@contextmanager
def fresh_node(prefix: str, *, owner: bool = True) -> Iterator[Any]:
    """A node in the domain ``prefix``; the ``owner`` cleans up behind it."""
    iox.set_log_level(iox.LogLevel.Error)
    config = iox.config.global_config()
    config.global_cfg.prefix = iox.FileName.new(prefix)
    builder = iox.NodeBuilder.new().config(config)
    builder = builder.signal_handling_mode(iox.SignalHandlingMode.Disabled)
    try:
        yield builder.create(iox.ServiceType.Ipc)
    finally:
        if owner:
            sweep(prefix)


def waitset() -> Any:
    """A WaitSet that leaves signals alone."""
    builder = iox.WaitSetBuilder.new().signal_handling_mode(iox.SignalHandlingMode.Disabled)
    return builder.create(iox.ServiceType.Ipc)


class Doorbell:
    """One direction: a topic and the event service that wakes its receiver."""

    def __init__(self, node: Any, name: str, payload: Any) -> None:
        builder = node.service_builder(iox.ServiceName.new(name))
        self.topic = builder.publish_subscribe(payload).open_or_create()
        builder = node.service_builder(iox.ServiceName.new(name + ".bell"))
        self.event = builder.event().open_or_create()

    def sending(self, max_slice_len: int | None = None) -> tuple[Any, Any]:
        """A publisher and its notifier."""
        builder = self.topic.publisher_builder()
        if max_slice_len is not None:
            builder = builder.initial_max_slice_len(max_slice_len)
        return builder.create(), self.event.notifier_builder().create()

    def receiving(self) -> tuple[Any, Any]:
        """A subscriber and its listener."""
        return (
            self.topic.subscriber_builder().create(),
            self.event.listener_builder().create(),
        )


@contextmanager
def open_loop() -> Iterator[Batch]:
    """Publish -> execute in one thread: two handlers that publish to each other, one at a time.

    A sample is the time from one execution to the next: read a field, send, notify, wait, look up, drain,
    receive. Two handlers, because one that feeds itself may find its next sample without any wake-up.
    """
    with fresh_node(PREFIX) as node:
        bells = (Doorbell(node, "ping", Tick), Doorbell(node, "pong", Tick))
        waits = waitset()
        stamps: list[int] = []
        now = time.perf_counter_ns

        def handler(incoming: Doorbell, outgoing: Doorbell) -> tuple[Any, Callable[[], None]]:
            subscriber, listener = incoming.receiving()
            publisher, notifier = outgoing.sending()
            guard = waits.attach_notification(listener)

            def execute(sample: Any) -> None:
                stamps.append(now())
                publisher.send_copy(Tick(sample.payload().contents.number + 1))
                notifier.notify()

            def arrived() -> None:
                while listener.try_wait():
                    pass
                sample = subscriber.receive()
                if sample is not None:
                    execute(sample)

            return guard, arrived

        handlers = (handler(*bells), handler(*reversed(bells)))
        table = {iox.WaitSetAttachmentId.from_guard(guard): call for guard, call in handlers}
        publisher, notifier = bells[0].sending()
        publisher.send_copy(Tick(0))
        notifier.notify()

        def batch(n: int) -> list[int]:
            stamps.clear()
            wait = waits.wait_and_process_with_timeout
            while len(stamps) <= n:
                ids, _ = wait(CAP)
                for attachment in ids:
                    table[attachment]()
            return laps(stamps)

        yield batch
        for guard, _ in handlers:
            guard.delete()


@contextmanager
def open_attachments(count: int) -> Iterator[Batch]:
    """One of ``count`` attached eventfds fires: wait, look up, read; the handler rings itself again."""
    fds = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(count)]
    waits = waitset()
    stamps: list[int] = []
    now = time.perf_counter_ns

    def handler(fd: int) -> Callable[[], None]:
        def ring_again() -> None:
            stamps.append(now())
            os.eventfd_read(fd)
            os.eventfd_write(fd, 1)

        return ring_again

    guards = [waits.attach_notification_fd(iox.FileDescriptor.non_owning_new(fd)) for fd in fds]
    table = {
        iox.WaitSetAttachmentId.from_guard(guard): handler(fd)
        for guard, fd in zip(guards, fds, strict=True)
    }
    os.eventfd_write(fds[count // 2], 1)

    def batch(n: int) -> list[int]:
        stamps.clear()
        wait = waits.wait_and_process_with_timeout
        while len(stamps) <= n:
            ids, _ = wait(CAP)
            for attachment in ids:
                table[attachment]()
        return laps(stamps)

    try:
        yield batch
    finally:
        for guard in guards:
            guard.delete()
        for fd in fds:
            os.close(fd)
