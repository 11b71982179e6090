"""Every case of the benchmark: which jobs there are, and who does them beside whom."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import attrs

from benchmarks import (
    graph_baseline,
    handwritten,
    handwritten_pair,
    handwritten_values,
    hop_baseline,
    pykka_baseline,
)
from benchmarks.harness import Batch, Case, Variant
from benchmarks.peers import cyclone, dora_flow, ecal_shm, pipe, zenoh_tcp, zeromq
from benchmarks.peers.wire import pinning

__all__ = ["all_cases"]

MEGABYTE = 1_000_000
ATTACHMENTS = (1, 64, 1024)


def _no_executor() -> str | None:
    """Import taktora as late as its turn comes, so that a peer's numbers don't depend on it."""
    try:
        importlib.import_module("taktora.executor")
    except ImportError as exc:
        return f"taktora's executor can't be imported: {exc}"
    return None


def _ours(name: str, module: str, function: str, *args: Any, **options: Any) -> Variant:
    def open_late() -> AbstractContextManager[Batch]:
        opener = getattr(importlib.import_module(f"benchmarks.ours.{module}"), function)
        opened: AbstractContextManager[Batch] = opener(*args, **options)
        return opened

    return Variant(name, open_late, _no_executor)


@contextmanager
def _pinned(open_pair: Callable[[], AbstractContextManager[Batch]]) -> Iterator[Batch]:
    with pinning(), open_pair() as batch:
        yield batch


def _on_fixed_cores(case: Case, where: str) -> Case:
    """The twin of ``case`` that leaves no choice to the kernel."""

    def place(variant: Variant) -> Variant:
        return attrs.evolve(variant, open=partial(_pinned, variant.open))

    return attrs.evolve(
        case,
        name=f"{case.name}-pinned",
        title=f"{case.title}; {where}",
        variants=tuple(map(place, case.variants)),
    )


def _round_trip(label: str, size: int, operations: int) -> Case:
    variants = (
        Variant("iceoryx2 by hand", partial(handwritten_pair.open_pair, size)),
        _ours("taktora", "pair", "open_pair", size),
        Variant("multiprocessing.Pipe", partial(pipe.open_pair, size), pipe.available),
        Variant("pyzmq PAIR ipc", partial(zeromq.open_pair, size), zeromq.available),
        Variant("eCAL", partial(ecal_shm.open_pair, size), ecal_shm.available),
        Variant("cyclonedds", partial(cyclone.open_pair, size), cyclone.available),
        Variant("zenoh tcp", partial(zenoh_tcp.open_pair, size), zenoh_tcp.available),
        Variant(
            "zenoh tcp + shm",
            partial(zenoh_tcp.open_pair, size, shared_memory=True),
            zenoh_tcp.available,
        ),
        Variant("dora-rs", partial(dora_flow.open_pair, size), dora_flow.available),
    )
    return Case(
        name=f"rtt-{label}",
        title=f"two processes, {size} B there and 8 B back",
        variants=variants,
        operations=operations,
        warm_up=50,
    )


def _attachments() -> Case:
    by_hand = (
        Variant(f"iceoryx2 by hand: {n}", partial(handwritten.open_attachments, n))
        for n in ATTACHMENTS
    )
    ours = (_ours(f"taktora: {n}", "attachments", "open_attachments", n) for n in ATTACHMENTS)
    return Case(
        name="attachments",
        title="one of so many attached eventfds fires; execution to execution",
        variants=(*by_hand, *ours),
        operations=3000,
        warm_up=300,
    )


def _inline() -> Case:
    return Case(
        name="inline",
        title="publish -> execute in one thread, execution to execution",
        variants=(
            Variant("iceoryx2 by hand", handwritten.open_loop),
            _ours("taktora", "inline", "open_inline"),
        ),
        operations=5000,
        warm_up=500,
    )


def _hop() -> Case:
    return Case(
        name="hop",
        title="to a worker thread and back",
        variants=(
            Variant("SimpleQueue + eventfd read", hop_baseline.open_blocking),
            Variant("SimpleQueue + epoll", hop_baseline.open_epoll),
            _ours("taktora 1 worker", "hop", "open_hop"),
        ),
        operations=3000,
        warm_up=300,
    )


def _tell() -> Case:
    return Case(
        name="tell",
        title="messages to an actor on another thread; mean per message of each burst",
        variants=(
            Variant("pykka ThreadingActor", pykka_baseline.open_tell),
            _ours("taktora inline", "messages", "open_tell", workers=0),
            _ours("taktora 1 worker", "messages", "open_tell", workers=1),
        ),
        operations=20_000,
        warm_up=2000,
    )


def _ask() -> Case:
    return Case(
        name="ask",
        title="ask an actor on another thread and wait for the answer",
        variants=(
            Variant("pykka ThreadingActor", pykka_baseline.open_ask),
            _ours("taktora inline", "messages", "open_ask", workers=0),
            _ours("taktora 1 worker", "messages", "open_ask", workers=1),
        ),
        operations=2000,
        warm_up=200,
    )


def _graph() -> Case:
    return Case(
        name="graph",
        title="a graph 1 -> 8 -> 1 of vertices that do nothing, per run",
        variants=(
            Variant("ThreadPoolExecutor(2), futures", graph_baseline.open_futures),
            Variant("graphlib + ThreadPoolExecutor(2)", graph_baseline.open_graphlib),
            Variant("asyncio.TaskGroup", graph_baseline.open_task_group),
            _ours("taktora inline", "compositions", "open_graph", 0),
            _ours("taktora 2 workers", "compositions", "open_graph", 2),
        ),
        operations=1000,
        warm_up=100,
    )


def _chain() -> Case:
    return Case(
        name="chain",
        title="a wake-up and ten nodes in line that do nothing",
        variants=(
            _ours("taktora, one item + 10 method calls", "compositions", "open_calls", 10),
            Variant("bare wake + 10 method calls", partial(graph_baseline.open_calls, 10)),
            _ours("taktora chain of 10", "compositions", "open_chain", 10),
        ),
        operations=3000,
        warm_up=300,
    )


def _observed() -> Case:
    return Case(
        name="observed",
        title="wake to execute, with and without a no-op observer and monitor",
        variants=(
            _ours("taktora", "compositions", "open_single", False),
            _ours("taktora observed", "compositions", "open_single", True),
        ),
        operations=5000,
        warm_up=500,
    )


def _recorded() -> tuple[Case, ...]:
    jobs = (
        ("send", "five send_copy in a row, once a millisecond", "open_send"),
        ("execute", "publish -> execute, once a millisecond", "open_execute"),
    )
    return tuple(
        Case(
            name=f"recorded-{name}",
            title=f"{title}, with and without a recorder in another process",
            variants=(
                _ours("taktora", "recorded", opener, None),
                *(
                    _ours(f"recorded, --period {period}", "recorded", opener, period)
                    for period in (0.001, 0.01)
                ),
            ),
            operations=3000,
            warm_up=500,
        )
        for name, title, opener in jobs
    )


def _connector_json() -> Case:
    return Case(
        name="connector-json",
        title="values of five fields as JSON, send -> execute in one thread, execution to execution",
        variants=(
            Variant("iceoryx2 and json by hand", handwritten_values.open_values),
            _ours("taktora", "ports", "open_values"),
        ),
        operations=5000,
        warm_up=500,
    )


def _connector_raw() -> tuple[Case, ...]:
    def ours(opener: str) -> tuple[Variant, ...]:
        choices: tuple[tuple[str, dict[str, Any]], ...] = (
            ("taktora", {}),
            ("taktora, checksum of the frame", {"checksum": "frame"}),
        )
        return tuple(_ours(name, "ports", opener, MEGABYTE, **kw) for name, kw in choices)

    in_place = Case(
        name="connector-raw-1MB",
        title="raw ports, 1 MB sent and looked at in place, one thread",
        variants=(
            Variant("iceoryx2 by hand", partial(handwritten_values.open_megabyte, MEGABYTE)),
            *ours("open_raw"),
        ),
        operations=1000,
        warm_up=200,
    )
    copied = Case(
        name="connector-raw-codec-1MB",
        title="the same through a codec that hands out bytes: one copy more on both sides",
        variants=(
            Variant(
                "iceoryx2 by hand",
                partial(handwritten_values.open_megabyte, MEGABYTE, copied_out=True),
            ),
            *ours("open_raw_codec"),
        ),
        operations=1000,
        warm_up=200,
    )
    return in_place, copied


def all_cases() -> tuple[Case, ...]:
    """In the order in which they are run and reported."""
    small, large = _round_trip("8B", 8, 500), _round_trip("1MB", MEGABYTE, 200)
    hop, tell, ask = _hop(), _tell(), _ask()
    return (
        _inline(),
        small,
        large,
        _on_fixed_cores(small, "a core for each"),
        _on_fixed_cores(large, "a core for each"),
        hop,
        tell,
        ask,
        *(_on_fixed_cores(case, "all threads on one core") for case in (hop, tell, ask)),
        _attachments(),
        _graph(),
        _chain(),
        _observed(),
        *_recorded(),
        _connector_json(),
        *_connector_raw(),
    )
