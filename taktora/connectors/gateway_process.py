"""The process of one gateway: ``python -m taktora.connectors.gateway_process``.

Started by a connector whose gateway has a process of its own, and by nobody else: it is told over its
standard input what to be. When that input ends without a word, or the process that it came from does,
the plug-in is gone: its link may act on that for a while, and then this ends as well.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from types import FrameType
from typing import Any, Final

from taktora.connectors.connector import Connector
from taktora.connectors.guarded_link import words
from taktora.connectors.handover import (
    Handover,
    Order,
    decode,
    descriptor_of,
    import_kind,
    made_of,
)
from taktora.connectors.orders import Orders, first_line
from taktora.connectors.reporting import report, report_log
from taktora.connectors.reports import Failed
from taktora.errors import ItemFailed, TaktoraError
from taktora.executor import Executor

__all__ = ["main"]

logger = logging.getLogger("taktora.connectors")

_DONE: Final = 0
_FAILED: Final = 1
_REFUSED: Final = 3
_STUCK: Final = 4
_ENOUGH: Final = (
    5.0  # s, for all that is left to do once the plug-in is gone and its link has lingered
)


class _Signals:
    """SIGTERM and SIGHUP end it in order; a Ctrl-C is its plug-in's business."""

    def __init__(self) -> None:
        self.stop: Callable[[], object] = sys.exit  # as long as nothing was opened
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._handle)

    def _handle(self, _: int, __: FrameType | None) -> None:
        self.stop()


def main() -> int:
    """Be told, be a gateway, leave; the exit code."""
    signals = _Signals()
    line, rest = first_line(sys.stdin.fileno())
    if not line:  # the plug-in was quicker
        return _DONE
    try:
        told = decode(line, Handover)
        report_log(told.log_level)
        _settle(told)
        kind: Any = import_kind(told.kind)
        executor = Executor(domain=told.domain, handle_signals=False)
    except Exception as error:  # noqa: BLE001 - whatever it is, the plug-in is to know
        return _refuse(error)
    with executor:
        try:
            connector = _serving(kind, told, executor)
            _end_for_sure(told)
            orders = Orders(sys.stdin.fileno(), rest, told.plugin, partial(_obey, connector))
            watch = executor.add(orders, id=f"{told.name}/orders")
            told.attributes.apply()
        except Exception as error:  # noqa: BLE001 - a constructor, a link, the kernel
            return _refuse(error)
        orders.catch_up()
        signals.stop = executor.stop
        try:
            if not orders.left:
                executor.run()
            if orders.orphaned:
                watch.stop()
                _outlive(connector, executor, told.linger)
        except ItemFailed as error:
            logger.error("%s", error, exc_info=error.__cause__)
            report(Failed(f"failed: {error}"))
            return _FAILED
        connector.close()
    return _DONE


def _settle(told: Handover) -> None:
    """As if no thread with attributes of its own had started this process."""
    sys.path[:] = told.path
    with suppress(OSError):  # some of them were taken away meanwhile
        os.sched_setaffinity(0, told.cpus)
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _end_for_sure(told: Handover) -> None:
    """Have the process end some time after its plug-in, also if its link blocks it for ever."""
    pidfd = os.pidfd_open(told.plugin)

    def wait() -> None:
        death = select.poll()
        death.register(pidfd, select.POLLIN)
        death.poll()
        time.sleep(told.linger.total_seconds() + _ENOUGH)
        os._exit(_STUCK)

    threading.Thread(target=wait, name="taktora-last-resort", daemon=True).start()


def _serving(kind: Any, told: Handover, executor: Executor) -> Connector:
    connector: Connector = kind.from_options(
        told.name,
        made_of(told.options, kind.Options),
        node=executor,
        queue=told.queue,
        reconnect=told.reconnect.make(),
        heartbeat=told.heartbeat,
        stale_after=told.stale_after,
        connect_timeout=told.connect_timeout,
        checksum=told.checksum,
    )
    connector.serve_with(executor, instance=told.instance)
    for channel in told.channels:
        connector.carry(descriptor_of(channel, kind.Routing), channel.direction)
    return connector


def _obey(connector: Connector, order: Order) -> None:
    if order.carry is not None:
        connector.carry(descriptor_of(order.carry, connector.Routing), order.carry.direction)


def _outlive(connector: Connector, executor: Executor, linger: timedelta) -> None:
    """Nobody is there any more: have the link make safe what it has to, and give it some time."""
    logger.warning("connector %r: its plug-in is gone", connector.name)
    connector.plugin_gone()
    if linger:
        executor.run_for(linger)


def _refuse(error: Exception) -> int:
    if not isinstance(error, TaktoraError | ImportError | OSError):  # a mistake in somebody's code
        logger.error("it cannot start", exc_info=error)
    said = getattr(error, "strerror", None) or str(error)
    if not (isinstance(error, TaktoraError) and said):
        said = words(error)
    report(Failed(f"cannot start: {said}"))
    return _REFUSED


if __name__ == "__main__":
    sys.exit(main())
