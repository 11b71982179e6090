"""What a gateway's process asks of the kernel, and what it must not inherit from who starts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from taktora import Executor, Runner, ThreadAttributes
from taktora.connectors import LoopbackConnector, Up
from taktora.connectors.process_attributes import ProcessAttributes
from taktora.errors import InvalidArgument, ThreadAttributesError, WrongType
from tests.connectors.process.conftest import QUICK, pid_of
from tests.runtimes import eventually

CPU = min(os.sched_getaffinity(0))
NO_CPU = 100_000


def run(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def is_allowed(attribute: str) -> bool:
    """Whether this user may."""
    code = f"""
        from taktora.connectors.process_attributes import ProcessAttributes
        try:
            ProcessAttributes({attribute}).apply()
        except OSError:
            print("no")
    """
    return run(code) != "no"


@pytest.mark.rule("PROC-40")
@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"fifo_priority": 0}, InvalidArgument, "fifo_priority must be from 1 to 99, not 0"),
        ({"fifo_priority": 100}, InvalidArgument, "fifo_priority must be from 1 to 99, not 100"),
        ({"fifo_priority": "high"}, WrongType, "fifo_priority must be an integer"),
        ({"fifo_priority": True}, WrongType, "fifo_priority must be an integer"),
        ({"cpus": ()}, InvalidArgument, "cpus must name at least one CPU"),
        ({"cpus": (0, -1)}, InvalidArgument, "0 or more, not -1"),
        ({"cpus": 1}, WrongType, "cpus must be a tuple"),
        ({"cpus": (True,)}, WrongType, "cpus must hold CPU numbers"),
        ({"lock_memory": 1}, WrongType, "lock_memory must be true or false"),
        ({"freeze_gc": "yes"}, WrongType, "freeze_gc must be true or false"),
    ],
)
def test_what_cannot_be_is_refused_by_name(given, error, words):
    with pytest.raises(error, match=words):
        ProcessAttributes(**given)


@pytest.mark.rule("PROC-40")
@pytest.mark.parametrize("cpus", [(NO_CPU,), (CPU, NO_CPU)])
def test_a_processor_that_is_not_there_is_refused_and_nothing_changes(cpus):
    before = os.sched_getaffinity(0)
    with pytest.raises(
        ThreadAttributesError, match=rf"cannot run on CPU .*{NO_CPU}.*CPUs here are 0"
    ):
        ProcessAttributes(cpus=cpus).apply()
    assert os.sched_getaffinity(0) == before


@pytest.mark.rule("PROC-40")
def test_processors_and_garbage_are_as_asked_for():
    code = f"""
        import gc, os
        from taktora.connectors.process_attributes import ProcessAttributes
        ProcessAttributes(cpus=({CPU},), freeze_gc=True).apply()
        print(os.sched_getaffinity(0), gc.get_freeze_count() > 10_000)
    """
    assert run(code) == f"{{{CPU}}} True"


@pytest.mark.rule("PROC-40")
def test_real_time_is_of_the_main_thread_alone():
    if not is_allowed("fifo_priority=1"):
        pytest.skip("needs an rtprio limit")
    code = """
        import os, threading
        from taktora.connectors.process_attributes import ProcessAttributes
        ProcessAttributes(fifo_priority=7).apply()
        print(os.sched_getscheduler(0) & os.SCHED_FIFO, os.sched_getparam(0).sched_priority)
        thread = threading.Thread(target=lambda: print(os.sched_getscheduler(0)))
        thread.start()
        thread.join()
    """
    assert run(code).split() == ["1", "7", "0"]


@pytest.mark.rule("PROC-40")
def test_memory_is_locked_and_what_was_only_mapped_is_not_filled():
    if not is_allowed("lock_memory=True"):
        pytest.skip("needs a memlock limit")
    code = """
        import mmap, re
        from pathlib import Path
        from taktora.connectors.process_attributes import ProcessAttributes
        def kib(what):
            return int(re.search(rf"{what}:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
        ProcessAttributes(lock_memory=True).apply()
        locked, used = kib("VmLck"), kib("VmRSS")
        large = mmap.mmap(-1, 256 * 2**20)
        print(locked > 1000, kib("VmLck") >= locked + 2**18, kib("VmRSS") < used + 2**17)
    """
    assert run(code) == "True True True"


@pytest.mark.rule("PROC-40")
@pytest.mark.parametrize(
    ("attribute", "words"),
    [
        ("fifo_priority=9", "cannot set SCHED_FIFO priority 9: .*CAP_SYS_NICE.*leave it out"),
        ("lock_memory=True", "cannot lock its memory: .*CAP_IPC_LOCK.*leave it out"),
    ],
)
def test_what_the_kernel_refuses_says_what_to_do(attribute, words):
    import re

    code = f"""
        import os, resource
        from taktora.connectors.process_attributes import ProcessAttributes
        for limit in (resource.RLIMIT_RTPRIO, resource.RLIMIT_MEMLOCK):
            resource.setrlimit(limit, (0, 0))
        if os.getuid() == 0:
            os.setresuid(65534, 65534, 65534)
        try:
            ProcessAttributes({attribute}).apply()
        except OSError as error:
            print(type(error).__name__, error)
    """
    assert re.match(rf"ThreadAttributesError .*{words}", run(code))


@pytest.mark.rule("PROC-41")
def test_a_process_for_several_asks_for_what_all_of_them_need_unless_it_is_told():
    quiet = ProcessAttributes()
    one = ProcessAttributes(fifo_priority=20, cpus=(1,), freeze_gc=True)
    other = ProcessAttributes(fifo_priority=60, cpus=(3, 1), lock_memory=True)
    assert quiet.joined([]) == quiet.joined([quiet]) == quiet
    assert quiet.joined([one, quiet, other]) == ProcessAttributes(
        fifo_priority=60, cpus=(1, 3), lock_memory=True, freeze_gc=True
    )
    told = ProcessAttributes(fifo_priority=1, cpus=(0,))
    assert told.joined([one, other]) == ProcessAttributes(
        fifo_priority=1, cpus=(0,), lock_memory=True, freeze_gc=True
    )


@pytest.mark.rule("PROC-41")
def test_a_process_of_its_own_has_what_was_asked_for(line):
    fifo = 5 if is_allowed("fifo_priority=5") else None
    process = ProcessAttributes(cpus=(CPU,), fifo_priority=fifo, freeze_gc=True)
    with LoopbackConnector(
        "lab", gateway="own process", node=line, process=process, **QUICK
    ) as lab:
        lab.register_with(line)
        eventually(line, lambda: isinstance(lab.health, Up))
        pid = pid_of(lab)
        assert os.sched_getaffinity(pid) == {CPU}
        assert os.sched_getparam(pid).sched_priority == (fifo or 0)


@pytest.mark.rule("PROC-12", "PROC-41")
def test_what_the_kernel_refuses_is_why_it_is_down(line):
    process = ProcessAttributes(cpus=(NO_CPU,))
    with LoopbackConnector(
        "lab", gateway="own process", node=line, process=process, **QUICK
    ) as lab:
        lab.register_with(line)
        eventually(line, lambda: hasattr(lab.health, "reason"))
        assert lab.health.reason.startswith(
            f"its gateway process cannot start: cannot run on CPU {NO_CPU}: Invalid argument"
        )


@pytest.mark.rule("PROC-06")
def test_it_inherits_nothing_of_the_thread_that_starts_it(domain):
    cpus = os.sched_getaffinity(0)
    fifo = 1 if is_allowed("fifo_priority=1") else None
    attributes = ThreadAttributes(affinity=CPU, fifo_priority=fifo)
    with (
        Executor(domain=domain, thread_attributes=attributes) as executor,
        LoopbackConnector("lab", gateway="own process", node=executor, **QUICK) as lab,
    ):
        lab.register_with(executor)
        with Runner(executor):
            eventually(executor, lambda: isinstance(lab.health, Up))
            first = pid_of(lab)
            os.kill(first, signal.SIGKILL)  # the next one is started by the driver's thread
            eventually(executor, lambda: lab.gateway_process not in (None, first))
            eventually(executor, lambda: isinstance(lab.health, Up))
            pid = pid_of(lab)
            assert os.sched_getaffinity(pid) == cpus
            assert os.sched_getscheduler(pid) == os.SCHED_OTHER


@pytest.mark.rule("PROC-06")
def test_it_finds_the_modules_that_the_program_finds(line, tmp_path, monkeypatch):
    Path(tmp_path, "faraway.py").write_text(
        "from taktora.connectors import LoopbackConnector\n"
        "class Faraway(LoopbackConnector):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import faraway

    with faraway.Faraway("lab", gateway="own process", node=line, **QUICK) as lab:
        lab.register_with(line)
        eventually(line, lambda: isinstance(lab.health, Up))
