"""Isolation: every test has an iceoryx2 domain of its own and leaves nothing behind."""

from __future__ import annotations

import gc
import itertools
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from taktora.testing.namespaces import cannot_simulate
from tests.runtimes import REAL, RUNTIMES, Runtime, make_on
from tests.same_examples import without_local_constants

_serial = itertools.count()

# Hypothesis: `pytest --hypothesis-profile=soak`. No profile judges time: these machines are shared.
settings.register_profile(  # the same examples at every run: what is green stays green
    "ci", derandomize=True, deadline=None, print_blob=True, max_examples=100, stateful_step_count=50
)
settings.register_profile(  # new examples at every run; what failed is tried first by the next
    "dev", deadline=None, print_blob=True, max_examples=100, stateful_step_count=50
)
settings.register_profile(  # the same a hundred times as long, for a night
    "soak",
    settings.get_profile("dev"),
    max_examples=10_000,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("ci")
without_local_constants()  # under every profile: a seed that Hypothesis prints is to be worth something

# A shell starts what it puts in the background with these ignored, which every process of a test
# would inherit: a Ctrl-C that is a test's subject would then go unheard.
for _signal in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(_signal) is signal.SIG_IGN:
        is_interrupt = _signal is signal.SIGINT
        signal.signal(_signal, signal.default_int_handler if is_interrupt else signal.SIG_DFL)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Spare the garbage collector what stays to the end: thousands of tests, and all modules."""
    gc.collect()
    gc.freeze()


def leftovers(domain: str) -> list[str]:
    """Files in shared memory, and in iceoryx2's folder, that belong to ``domain``."""
    return sorted(
        str(Path(folder, name))
        for root in ("/dev/shm", "/tmp/iceoryx2")
        for folder, folders, names in os.walk(root)  # passes over what vanishes meanwhile
        for name in (*folders, *names)
        if name.startswith(f"{domain}_")
    )


def remove_leftovers(domain: str) -> None:
    """Clean up after a test that kills processes, or one that failed."""
    for name in leftovers(domain):
        path = Path(name)
        if path.is_dir():
            continue
        path.unlink(missing_ok=True)


@pytest.fixture
def domain() -> Iterator[str]:
    """A domain of this test's own; at the end nothing of it may be left."""
    name = f"t{os.getpid()}x{next(_serial)}"
    yield name
    left = leftovers(name)
    if left:  # raw iceoryx2 objects of the test itself, in a reference cycle
        gc.collect()
        # what iceoryx2 keeps per domain goes with the last node that taktora closes, not with these
        left = [path for path in leftovers(name) if not path.endswith(".global_mgmt")]
    remove_leftovers(name)
    assert not left, f"left behind: {left}"


@pytest.fixture(autouse=True)
def _no_leftover_threads_or_settings() -> Iterator[None]:
    """Threads, the switch interval and open descriptors are as they were."""
    threads = set(threading.enumerate())
    interval = sys.getswitchinterval()
    yield
    left = [t for t in threading.enumerate() if t not in threads and t.name != "pytest_timeout"]
    for thread in left:
        thread.join(5)
    left = [t for t in left if t.is_alive() and not t.name.startswith("asyncio")]
    assert not left, f"threads left behind: {left}"
    assert sys.getswitchinterval() == interval


def pytest_runtest_setup(item: pytest.Item) -> None:
    """The marker ``segment``: skipped without the privileges, which is a failure where they are due."""
    if item.get_closest_marker("segment") is not None and (why := cannot_simulate()) is not None:
        if os.environ.get("TAKTORA_REQUIRE_SEGMENT"):
            pytest.fail(f"TAKTORA_REQUIRE_SEGMENT is set, and {why}")
        pytest.skip(why)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One suite for every runtime; the markers ``virtual`` and ``real`` say who fits."""
    if "runtime" not in metafunc.fixturenames:
        return
    marked = metafunc.definition.get_closest_marker
    virtual = marked("virtual") is not None and marked("real") is None
    names = [name for name, one in RUNTIMES.items() if virtual or not one.virtual]
    if "workers" not in metafunc.fixturenames:  # the test itself says how many
        names = [REAL.name, *(name for name in names if RUNTIMES[name].virtual)]
    if names != [REAL.name]:
        metafunc.parametrize("runtime", names, indirect=True)


@pytest.fixture
def runtime(request: pytest.FixtureRequest) -> Runtime:
    """What drives this test's executors."""
    return RUNTIMES.get(getattr(request, "param", REAL.name), REAL)


@pytest.fixture
def workers(runtime: Runtime) -> int:
    """Worker threads of each runtime: one suite for all of them."""
    return runtime.workers


@pytest.fixture
def make_executor(
    domain: str, runtime: Runtime, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Any]]:
    """Executors in this test's domain, closed at the end."""
    made: list[Any] = []

    def make(**options: Any) -> Any:
        options.setdefault("domain", domain)
        executor = make_on(runtime, request.node.name, **options)
        made.append(executor)
        return executor

    yield make
    for executor in reversed(made):
        executor.close()


@pytest.fixture
def executor(make_executor: Callable[..., Any], workers: int) -> Any:
    """An executor on each runtime in turn."""
    return make_executor(worker_threads=workers)
