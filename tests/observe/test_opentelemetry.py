"""Spans and metrics as the SDK's in-memory exporters see them, on every runtime."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from taktora import Context, ControlFlow, Executor, Runner, Supervision, item
from taktora.errors import ItemFailed
from taktora.observe.histogram import Summary
from taktora.observe.port_stats import PortStats
from taktora.observe.tracing import OpenTelemetryObserver, observe_stats
from tests.executor.parts import Part
from tests.runtimes import driven

pytestmark = pytest.mark.virtual

Make = Callable[..., Executor]


class Began(SimpleSpanProcessor):
    """Exports at once, and counts what has begun."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        super().__init__(exporter)
        self.count = 0
        self._lock = threading.Lock()

    def on_start(self, *args: Any, **kwargs: Any) -> None:
        with self._lock:
            self.count += 1
        super().on_start(*args, **kwargs)


class Telemetry:
    """Providers, and what came out of them."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.began = Began(self.exporter)
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(self.began)
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider([self.reader], shutdown_on_exit=False)
        self.observer = self.another()

    def another(self) -> OpenTelemetryObserver:
        return OpenTelemetryObserver(self.tracers, self.meters)

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        (span,) = self.named(name)
        return span

    def points(self, name: str) -> list[tuple[dict[str, Any], Any]]:
        data = self.reader.get_metrics_data()
        return [
            (dict(point.attributes), point)
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def values(self, name: str) -> dict[Any, Any]:
        """By item, or what else tells them apart."""
        return {
            facts.get("taktora.item_id", facts.get("taktora.outcome")): point.value
            for facts, point in self.points(name)
        }


@pytest.fixture
def telemetry(caplog: pytest.LogCaptureFixture) -> Iterator[Telemetry]:
    """At the end nothing is open, this thread has its context back, and nobody complained."""
    before = contexts.get_current()
    made = Telemetry()
    yield made
    assert made.began.count == len(made.spans), "a span has not ended"
    assert contexts.get_current() == before
    complaints = [
        record
        for when in ("setup", "call")
        for record in caplog.get_records(when)
        if record.name.startswith("opentelemetry") or "raised" in record.getMessage()
    ]
    assert not complaints, complaints
    made.tracers.shutdown()
    made.meters.shutdown()


@pytest.fixture
def make(make_executor: Make, telemetry: Telemetry, workers: int) -> Make:
    def make(**options: Any) -> Executor:
        seen = options.pop("seen", telemetry.observer)
        return make_executor(worker_threads=workers, observer=seen, monitor=seen, **options)

    return make


def parent_of(span: ReadableSpan) -> int | None:
    return None if span.parent is None else span.parent.span_id


def id_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return span.context.span_id


def trace_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return span.context.trace_id


def links_of(span: ReadableSpan) -> set[int]:
    return {link.context.span_id for link in span.links}


# --- items ----------------------------------------------------------------------------------------


class App(Part):
    app_id = 7
    app_instance_id = 2


@pytest.mark.rule("OBS-10", "OBS-11")
def test_an_execution_is_a_span_with_its_facts(make: Make, telemetry: Telemetry) -> None:
    executor = make()
    began: list[int] = []
    executor.add(App([], "a", every=0.005, act=lambda ctx: began.append(ctx.now_ns)))
    executor.run_n(2)
    first, second = telemetry.named("a")
    assert dict(first.attributes or {}) == {
        "taktora.item_id": "a",
        "taktora.triggers": ("interval",),
        "taktora.app_id": 7,
        "taktora.app_instance_id": 2,
    }
    assert first.parent is second.parent is None
    assert trace_of(first) != trace_of(second)
    assert first.status.status_code is StatusCode.UNSET
    assert first.start_time is not None
    assert first.end_time is not None
    assert first.start_time <= first.end_time
    assert second.start_time is not None
    apart = second.start_time - first.start_time
    assert abs(apart - (began[1] - began[0])) < 1e9, "on the epoch's clock, not another one's"
    assert first.start_time > 1.7e18


@pytest.mark.rule("OBS-12")
def test_a_failing_execution_records_what_it_raised(make: Make, telemetry: Telemetry) -> None:
    executor = make(supervision=Supervision.resume())
    executor.add(Part([], "a", every=0.005, error=ValueError("no")))
    executor.run_n(2)
    for span in telemetry.named("a"):
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description == "ValueError: no"
        (event,) = span.events
        assert event.name == "exception"
        assert (event.attributes or {})["exception.message"] == "no"
    assert telemetry.values("taktora.failures") == {"a": 2}


@pytest.mark.rule("OBS-13")
def test_a_span_made_inside_an_execution_is_its_child(make: Make, telemetry: Telemetry) -> None:
    tracer = telemetry.tracers.get_tracer("mine")

    def act(ctx: Context) -> None:
        with tracer.start_as_current_span("mine"):
            pass

    executor = make()
    executor.add(Part([], "a", every=0.005, act=act))
    executor.run_n(2)
    assert [parent_of(span) for span in telemetry.named("mine")] == [
        id_of(span) for span in telemetry.named("a")
    ]


@pytest.mark.rule("OBS-13")
def test_a_context_that_an_item_forgets_to_detach_reaches_no_other(
    make: Make, telemetry: Telemetry
) -> None:
    seen: list[Any] = []

    def careless(ctx: Context) -> None:
        seen.append(contexts.get_value("mine"))
        contexts.attach(contexts.set_value("mine", "leaked"))

    executor = make(supervision=Supervision.resume())
    executor.add(Part([], "a", every=0.003, act=careless))
    executor.add(Part([], "b", every=0.003, act=careless, error=ValueError("no")))
    executor.run_n(5)
    assert set(seen) == {None}


@pytest.mark.rule("OBS-11")
def test_a_trace_is_the_same_with_and_without_workers(make: Make, telemetry: Telemetry) -> None:
    """What is current on the driver's thread is no parent: workers would not have it."""
    executor = make()
    executor.add(Part([], "a", every=0.005))
    with telemetry.tracers.get_tracer("mine").start_as_current_span("around"):
        executor.run_n(1)
    assert telemetry.one("a").parent is None


@pytest.mark.rule("OBS-14")
def test_a_user_event_is_an_event_of_the_span(make: Make, telemetry: Telemetry) -> None:
    def act(ctx: Context) -> None:
        ctx.send_event("hello")
        ctx.send_event({"not": "an attribute"})

    executor = make()
    executor.add(Part([], "a", every=0.005, act=act))
    executor.run_n(1)
    said = [(event.attributes or {})["taktora.event"] for event in telemetry.one("a").events]
    assert said == ["hello", "{'not': 'an attribute'}"]


# --- chains and graphs ----------------------------------------------------------------------------


@pytest.mark.rule("OBS-20", "OBS-21")
@pytest.mark.real("wall time")
def test_a_chain_is_a_trace_whose_nodes_link_back(make: Make, telemetry: Telemetry) -> None:
    executor = make()
    parts = [Part([], name, every=0.01) for name in "abc"]
    executor.add_chain(parts, id="line")
    executor.run_until(lambda: len(parts[2].inputs) >= 2)
    runs = telemetry.named("line")
    assert [(run.attributes or {})["taktora.run"] for run in runs[:2]] == [1, 2]
    assert {(run.attributes or {})["taktora.outcome"] for run in runs} == {"completed"}
    assert all(run.parent is None for run in runs)
    for number, run in enumerate(runs):
        a, b, c = (telemetry.named(name)[number] for name in "abc")
        assert {parent_of(node) for node in (a, b, c)} == {id_of(run)}
        assert (links_of(a), links_of(b), links_of(c)) == (set(), {id_of(a)}, {id_of(b)})
        assert (b.attributes or {})["taktora.composition"] == "line"
        assert (b.attributes or {})["taktora.triggers"] == ("predecessor",)
        times = [time for node in (a, b, c) for time in (node.start_time, node.end_time)]
        assert times == sorted(times), "one clock for all of a run"
        assert run.start_time <= times[0]  # type: ignore[operator]
        assert run.end_time >= times[-1]  # type: ignore[operator]


@pytest.mark.rule("OBS-20", "OBS-21")
@pytest.mark.real("threads that meet")
def test_a_diamond_links_to_both_sides_also_when_they_run_at_once(
    make: Make, telemetry: Telemetry, workers: int
) -> None:
    both = threading.Barrier(2 if workers > 1 else 1)
    executor = make()
    graph = executor.add_graph(id="g")
    a = graph.vertex(Part([], "a", every=0.01))
    b, c = (graph.vertex(Part([], n, act=lambda ctx: both.wait(10))) for n in "bc")
    d = graph.vertex(Part(done := [], "d"))
    for edge in ((a, b), (a, c), (b, d), (c, d)):
        graph.edge(*edge)
    graph.root(a)
    graph.build()
    executor.run_until(lambda: len(done) >= 3)
    assert len(telemetry.named("g")) >= 3
    for number, run in enumerate(telemetry.named("g")):
        spans = {name: telemetry.named(name)[number] for name in "abcd"}
        assert {parent_of(span) for span in spans.values()} == {id_of(run)}
        ids = {name: id_of(span) for name, span in spans.items()}
        assert links_of(spans["a"]) == set()
        assert links_of(spans["b"]) == links_of(spans["c"]) == {ids["a"]}
        assert links_of(spans["d"]) == {ids["b"], ids["c"]}


@pytest.mark.rule("OBS-22", "OBS-23")
def test_a_run_that_fails_says_who_and_who_was_cancelled(make: Make, telemetry: Telemetry) -> None:
    executor = make()
    executor.add_chain(
        [Part([], "a", every=0.01), Part([], "b", error=ValueError("no")), Part([], "c")], id="line"
    )
    with pytest.raises(ItemFailed):
        executor.run()
    run = telemetry.one("line")
    assert (run.attributes or {})["taktora.outcome"] == "failed"
    assert run.status.status_code is StatusCode.ERROR
    assert run.status.description == "item 'b' failed"
    assert [(e.name, dict(e.attributes or {})) for e in run.events] == [
        ("taktora.cancelled", {"taktora.item_id": "c"})
    ]
    assert telemetry.one("b").status.description == "ValueError: no"
    assert telemetry.one("a").status.status_code is StatusCode.UNSET
    assert not telemetry.named("c")
    assert telemetry.values("taktora.runs") == {"failed": 1}


@pytest.mark.rule("OBS-22", "OBS-23")
def test_a_run_that_is_stopped_is_no_error(make: Make, telemetry: Telemetry) -> None:
    executor = make()
    graph = executor.add_graph(id="g")
    a = graph.vertex(Part([], "a", every=0.01, flow=ControlFlow.STOP_CHAIN))
    b, c = graph.vertex(Part([], "b")), graph.vertex(Part([], "c"))
    graph.edge(a, b)
    graph.edge(a, c)
    graph.root(a)
    graph.build()
    executor.run_until(lambda: bool(telemetry.named("g")))
    run = telemetry.named("g")[0]
    assert (run.attributes or {})["taktora.outcome"] == "stopped"
    assert run.status.status_code is StatusCode.UNSET
    assert {(e.attributes or {})["taktora.item_id"] for e in run.events} == {"b", "c"}


@pytest.mark.rule("OBS-24")
@pytest.mark.real("a thread that waits")
def test_a_nodes_message_is_no_part_of_the_run_that_is_under_way(
    make_executor: Make, telemetry: Telemetry
) -> None:
    """The other branch is still running, so the run is, when the node handles its message."""
    seen = telemetry.observer
    executor = make_executor(worker_threads=2, observer=seen, monitor=seen)
    answered = threading.Event()
    log: list[Any] = []
    graph = executor.add_graph(id="g")
    a = graph.vertex(Part(log, "a", every=60))
    b = graph.vertex(Part(log, "b", act=lambda ctx: answered.wait(10)))
    c = graph.vertex(Part(log, "c", act=lambda ctx: ctx.self_ref.ask("hi", block=False)))
    graph.edge(a, b)
    graph.edge(a, c)
    graph.root(a)
    ref = graph.build()
    with driven(executor):
        answer = ref.ask("go", block=False)
        while ("c", "hi") not in log:
            threading.Event().wait(0.001)
        answered.set()
        answer.get(timeout=10)
    inside, message = telemetry.named("c")
    assert parent_of(inside) == id_of(telemetry.one("g"))
    assert (message.parent, links_of(message)) == (None, set())
    assert (message.attributes or {})["taktora.triggers"] == ("message",)
    assert (message.attributes or {})["taktora.composition"] == "g"


# --- ends -----------------------------------------------------------------------------------------


@pytest.mark.rule("OBS-15")
def test_nothing_is_open_after_a_run_that_was_torn_down(make: Make, telemetry: Telemetry) -> None:
    """As an interrupt leaves it: a run that did not land, an execution that goes on elsewhere."""
    seen = telemetry.observer
    executor = make()
    executor.add_chain([Part([], "a", every=0.005), Part([], "b")], id="line")
    executor.run_n(1)
    telemetry.exporter.clear()
    telemetry.began.count = 0
    inside, over = threading.Event(), threading.Event()
    left: list[Any] = []

    def worker() -> None:
        before = contexts.get_current()
        seen.pre_execute("stuck", 1)
        inside.set()
        over.wait(10)
        seen.post_execute("stuck", 1, 2, False)
        seen.on_app_error("stuck", ValueError("too late"))
        left.append(contexts.get_current() == before)

    seen.on_executor_up()
    seen.on_composition_start("line", 7)
    seen.pre_execute("interrupted", 1)  # on this thread: no post_execute will come
    thread = threading.Thread(target=worker)
    thread.start()
    inside.wait(10)
    seen.on_executor_error(KeyboardInterrupt())
    ended = {span.name: span for span in telemetry.spans}
    assert ended.keys() == {"line", "interrupted", "stuck"}
    for span in ended.values():
        assert (span.attributes or {})["taktora.unfinished"] is True
        assert span.status.status_code is StatusCode.ERROR
    assert ended["line"].status.description == "cut short: KeyboardInterrupt"
    over.set()
    thread.join()
    assert left == [True]
    assert len(telemetry.spans) == 3


@pytest.mark.rule("OBS-15")
def test_an_item_that_raises_an_interrupt_leaves_nothing_open(
    make: Make, telemetry: Telemetry
) -> None:
    executor = make()
    executor.add_chain(
        [Part([], "a", every=0.005), Part([], "b", error=KeyboardInterrupt())], id="line"
    )
    with pytest.raises(KeyboardInterrupt):
        executor.run()
    assert {span.name for span in telemetry.spans} == {"a", "b", "line"}


@pytest.mark.rule("OBS-16")
@pytest.mark.real("a Runner for each")
def test_two_executors_at_once_do_not_mix(make: Make, telemetry: Telemetry) -> None:
    """Each with an observer of its own, although all ids are the same."""
    done: list[list[Any]] = [[], []]
    executors = [make(seen=telemetry.another()) for _ in done]
    for executor, log in zip(executors, done, strict=True):
        executor.add_chain([Part([], "a", every=0.002), Part(log, "b")], id="line")
    with Runner(executors[0]), Runner(executors[1]):
        while not all(len(log) >= 5 for log in done):
            threading.Event().wait(0.001)
    runs = {id_of(run): run for run in telemetry.named("line")}
    assert len(runs) >= 10
    nodes = {id_of(span): span for span in telemetry.named("a") + telemetry.named("b")}
    assert len(nodes) == 2 * len(runs)
    for span in telemetry.named("b"):
        (before,) = links_of(span)
        assert parent_of(span) == parent_of(nodes[before])
        assert trace_of(span) == trace_of(nodes[before]) == trace_of(runs[parent_of(span) or 0])


@pytest.mark.rule("OBS-16")
@pytest.mark.real("a thread that waits")
def test_executors_may_share_one_if_their_compositions_have_other_ids(
    make: Make, telemetry: Telemetry
) -> None:
    done: list[Any] = []
    inside, release = threading.Event(), threading.Event()

    def hold(ctx: Context) -> None:
        inside.set()
        release.wait(10)

    one, other = (make(), make())
    one.add_chain([Part([], "a", every=0.002), Part(done, "b")], id="line 1")
    other.add_chain([Part([], "a", every=0.002), Part([], "b", act=hold)], id="line 2")
    with driven(other):
        inside.wait(10)
        one.run_until(lambda: len(done) >= 5)  # its end must not end what the other has open
        release.set()
    assert not any("taktora.unfinished" in (span.attributes or {}) for span in telemetry.spans)
    runs = {id_of(run): run.name for run in telemetry.spans if run.name.startswith("line")}
    for span in telemetry.named("a") + telemetry.named("b"):
        assert (span.attributes or {})["taktora.composition"] == runs[parent_of(span) or 0]


@pytest.mark.rule("OBS-12")
def test_as_a_monitor_only_it_ends_a_failed_span_at_once(
    make_executor: Make, telemetry: Telemetry, workers: int
) -> None:
    executor = make_executor(
        worker_threads=workers, monitor=telemetry.observer, supervision=Supervision.resume()
    )
    executor.add(Part([], "a", every=0.005, error=ValueError("no")))
    executor.run_n(1)
    assert telemetry.one("a").status.status_code is StatusCode.ERROR


# --- metrics --------------------------------------------------------------------------------------


@pytest.mark.rule("OBS-30")
def test_executions_are_counted_and_timed_in_seconds(make: Make, telemetry: Telemetry) -> None:
    took: list[int] = []

    class Also(OpenTelemetryObserver):
        def post_execute(self, item_id: str, at_ns: int, took_ns: int, ok: bool) -> None:
            super().post_execute(item_id, at_ns, took_ns, ok)
            took.append(took_ns)

    executor = make(seen=Also(telemetry.tracers, telemetry.meters))
    executor.add(Part([], "a", every=0.005))
    executor.run_n(3)
    assert telemetry.values("taktora.executions") == {"a": 3}
    ((facts, point),) = telemetry.points("taktora.execution.duration")
    assert facts == {"taktora.item_id": "a"}
    assert point.count == 3
    assert point.sum == pytest.approx(sum(took) / 1e9)
    assert point.explicit_bounds[0] == 1e-6


@pytest.mark.rule("OBS-30")
@pytest.mark.real("an execution that takes real time")
def test_faults_and_dead_letters_are_counted(make: Make, telemetry: Telemetry) -> None:
    executor = make()
    slow = Part([], "slow", every=0.002, budget=1e-6, act=lambda ctx: threading.Event().wait(0.001))
    ref = executor.add(slow)
    executor.run_n(1)
    ref.tell("never handled")
    executor.close()
    ((facts, point),) = telemetry.points("taktora.faults")
    assert (facts["taktora.item_id"], facts["taktora.reason"], point.value) == ("slow", "budget", 1)
    assert telemetry.values("taktora.dead_letters") == {"slow": 1}


@pytest.mark.rule("OBS-31")
def test_statistics_are_collected_from_every_executor_with_one_look_each(
    make: Make, telemetry: Telemetry
) -> None:
    one, other = make(name="one"), make(name="other")
    looks: list[str] = []
    for executor in (one, other):
        executor.add(Part([], "a", every=0.005))
        executor.add(item(lambda: None), id="box", mailbox_capacity=5).tell("waits")
        look = executor.stats
        executor.stats = lambda look=look: looks.append("x") or look()  # type: ignore[method-assign]
        observe_stats(executor, telemetry.meters)
        observe_stats(executor, telemetry.meters)
    by = {
        (facts["taktora.executor"], facts["taktora.item_id"]): point.value
        for facts, point in telemetry.points("taktora.mailbox.depth")
    }
    assert len(looks) == 2
    assert by == {("one", "a"): 0, ("one", "box"): 1, ("other", "a"): 0, ("other", "box"): 1}
    one.run_n(3)
    wakeups = {f["taktora.executor"]: p.value for f, p in telemetry.points("taktora.wakeups")}
    assert wakeups["one"] >= 3, "the next collection looks anew"
    assert len(looks) == 4
    for name in ("dropped", "rejected", "skipped", "coalesced", "overruns", "mailbox.peak"):
        assert len(telemetry.points(f"taktora.{name}")) == 4
    other.close()
    assert {f["taktora.executor"] for f, _ in telemetry.points("taktora.wakeups")} == {"one"}


@pytest.mark.rule("PSTAT-20")
def test_counters_of_ports_are_collected_by_port(make: Make, telemetry: Telemetry) -> None:
    executor = make(name="one")
    latency = Summary(2, 1000, 1500.0, 1_000, 2_000, 3_000, 3_000)
    executor.ports.register("lab in a", lambda: PortStats(5, 40, 4, 3, 2, 1, latency=latency))
    executor.ports.register("lab out a", lambda: PortStats(7))
    observe_stats(executor, telemetry.meters)
    found = {
        name: {
            facts["taktora.port"]: point.value
            for facts, point in telemetry.points(f"taktora.port.{name}")
            if facts["taktora.executor"] == "one"
        }
        for name in ("messages", "bytes", "drops", "gaps", "crc_errors", "decode_errors")
    }
    assert [counts["lab in a"] for counts in found.values()] == [5, 40, 4, 3, 2, 1]
    assert [counts["lab out a"] for counts in found.values()] == [7, 0, 0, 0, 0, 0]
    assert {
        (facts["taktora.port"], facts["taktora.percentile"]): point.value
        for facts, point in telemetry.points("taktora.port.latency")
    } == {
        ("lab in a", "p50"): pytest.approx(1e-6),
        ("lab in a", "p95"): pytest.approx(2e-6),
        ("lab in a", "p99"): pytest.approx(3e-6),
    }


# --- the extra ------------------------------------------------------------------------------------


@pytest.mark.rule("OBS-17")
@pytest.mark.parametrize("call", ["OpenTelemetryObserver()", "observe_stats(None)"])
def test_without_the_extra_everything_else_works_and_the_error_says_what_to_install(
    call: str,
) -> None:
    code = f"""
import sys
class Missing:
    def find_spec(name, path, target=None):
        if name.partition(".")[0] == "opentelemetry":
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing)
import taktora
from taktora.observe.tracing import *
LoggingObserver()
try:
    {call}
except taktora.errors.MissingExtra as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "this needs OpenTelemetry: pip install 'taktora[otel]'\n"


def test_the_fixture_sees_a_complaint_of_opentelemetry(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        span = TracerProvider(shutdown_on_exit=False).get_tracer("mine").start_span("twice")
        span.end()
        span.end()
    assert any(record.name.startswith("opentelemetry") for record in caplog.records)
    assert trace.get_current_span() is trace.INVALID_SPAN
