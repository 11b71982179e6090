"""Every example runs, says what it promises, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import leftovers, remove_leftovers

EXAMPLES = Path(__file__).parents[2] / "examples"
LARGE = {
    "ethercat_line.py",
    "pipeline.py",
    "racy_line.py",
    "tcp_connector.py",
    "tcp_device.py",
    "test_racy_line.py",
    "test_tcp_connector.py",
}
SMALL = sorted(path.name for path in EXAMPLES.glob("*.py") if path.name not in LARGE)
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}

SAYS = {
    "ask_actor.py": ("ask: ", "tell: ", "proxy: 100.0", "later: "),
    "connector_line.py": (
        "not now: channel 'motor/speed.out' is down: no gateway reads what it sends\n",
        "health: connecting -> up\n",
        "gateway 1: Speed(rpm=",
        "health: up -> down: its gateway gave no sign of life for 1 s\n",
        "health: down: its gateway gave no sign of life for 1 s -> connecting\n",
        "gateway 2: Speed(rpm=",
        " sent, 10 came back\n",
    ),
    "diamond_graph.py": ("edges of frame 5 + colours of frame 5: ", "together for "),
    "draw_topology.py": ("topology 'line': 3 nodes, 3 channels, 5 edges", "drawn: "),
    "fault_handler.py": (
        "control: tick 3\nlamp:    red, item 'control' took ",
        "hold:    valves stay where they are\nlamp:    green\ncontrol: tick 4\n",
        "overruns: ",
    ),
    "interval_loop.py": ("ticks in 0.3 s", "p50", "p99", "max"),
    "line.py": ("watchdog: the line is silent\nwatchdog: data again\n",),
    "loan_frames.py": ("No copy: the array is a mapping, r--s, of /dev/shm/", "500 frames", "GB/s"),
    "opentelemetry_console.py": (
        " line ",
        " read ",
        " check ",
        " sum ",
        " store ",
        " a run",
        ", after ",
    ),
    "pubsub.py": (" 25 ", " 200 ", "####"),
    "request_response.py": ("2584 +   4181 =   6765", "4181 +   6765 =  10946"),
    "signal_slot_chain.py": (" 20.0 degrees ####", " readings, ", " were worth sending"),
    "supervised_restart.py": (
        "camera 4 opened\n",
        "gave up: item 'camera' failed: ConnectionError: camera 4: cable pulled\n",
        "guard: camera has ended\n",
    ),
}
BRIEF = {"draw_topology.py": ("/dev/null",), "interval_loop.py": ("--seconds", "0.3")}


def run(name: str, *arguments: str, domain: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLES / name, *arguments],
        env=ENVIRONMENT | {"TAKTORA_DOMAIN": domain},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", SMALL)
def test_a_small_example_says_what_it_promises_and_ends(name: str, domain: str) -> None:
    done = run(name, *BRIEF.get(name, ()), domain=domain)
    assert (done.returncode, done.stderr) == (0, "")
    for text in SAYS[name]:
        assert text in done.stdout


@pytest.mark.parametrize("name", SMALL)
def test_a_small_example_has_less_than_60_lines_and_says_what_it_shows(name: str) -> None:
    text = (EXAMPLES / name).read_text()
    assert len(text.splitlines()) < 60
    assert text.startswith('"""')


@pytest.mark.parametrize(
    ("name", "module", "message"),
    [
        ("loan_frames.py", "numpy", "this example needs numpy: pip install 'taktora[numpy]'\n"),
        (
            "opentelemetry_console.py",
            "opentelemetry",
            "this needs OpenTelemetry: pip install 'taktora[otel]'\n",
        ),
    ],
)
def test_an_example_says_what_to_install_when_an_extra_is_missing(
    domain: str, name: str, module: str, message: str
) -> None:
    blocked = """
import runpy, sys
module = sys.argv[2]
class Missing:
    def find_spec(name, path, target=None):
        if name == module:
            raise ModuleNotFoundError(name, name=name)
import taktora
taktora.Executor  # brings iceoryx2, which looks for numpy in ways of its own
for name in [name for name in sys.modules if name.partition(".")[0] == module]:
    del sys.modules[name]
sys.meta_path.insert(0, Missing)
runpy.run_path(sys.argv[1])
"""
    done = subprocess.run(
        [sys.executable, "-c", blocked, EXAMPLES / name, module],
        env=ENVIRONMENT | {"TAKTORA_DOMAIN": domain},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == message


@pytest.mark.segment
def test_the_belt_stops_where_a_box_interrupts_the_light_barrier(domain: str) -> None:
    done = run("ethercat_line.py", "--seconds", "4", domain=domain)
    assert (done.returncode, done.stderr) == (0, "")
    assert "barrier free\nbarrier blocked: box 1\nbarrier free\n" in done.stdout
    assert done.stdout.endswith("the bus is Up\n")


# --- the pipeline ---------------------------------------------------------------------------------


class Pipeline:
    """A running pipeline.py, whose lines are read as they come."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, EXAMPLES / "pipeline.py", *arguments],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.text = ""
        found = re.search(r"monitor: pid (\d+), sensor: pid (\d+)", self.until("sensor: pid"))
        assert found
        assert int(found[1]) == self.process.pid
        self.sensor = int(found[2])
        self.domain = f"pipeline-{self.process.pid}"

    def until(self, text: str) -> str:
        """Read lines until one holds ``text``; that line."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.text += line
            if text in line:
                return line
        raise AssertionError(f"{text!r} never came:\n{self.text}\n{self.end()}")

    def end(self) -> tuple[int, str]:
        """Wait for the end: exit code and standard error."""
        out, err = self.process.communicate(timeout=30)
        self.text += out
        return self.process.returncode, err

    @property
    def missed(self) -> int:
        """What the summary says."""
        found = re.search(r"(\d+) missed deadlines", self.text)
        assert found, self.text
        return int(found[1])

    @property
    def sensor_is_gone(self) -> bool:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                os.kill(self.sensor, 0)
            except ProcessLookupError:
                return True
            time.sleep(0.01)
        return False


@contextmanager
def pipeline(*arguments: str) -> Iterator[Pipeline]:
    running = Pipeline(*arguments)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
        assert running.process.stdout
        assert running.process.stderr
        running.process.stdout.close()
        running.process.stderr.close()
        running.process.wait()
        gone, left = running.sensor_is_gone, leftovers(running.domain)
        remove_leftovers(running.domain)
    assert gone
    assert not left, f"left behind: {left}"


@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_pipeline_measures_shows_a_missed_deadline_and_ends_by_itself(workers: str) -> None:
    with pipeline("--seconds", "2.5", "--rate", "500", "--workers", workers) as running:
        assert running.end() == (0, "")
        assert "! no reading for" in running.text
        assert "! readings again, after" in running.text
        assert running.missed >= 1
        found = re.search(r"(\d+) readings: latency p50 \d+ us, p99 \d+ us", running.text)
        assert found, running.text
        assert 100 <= int(found[1]) <= 1250


def test_two_pipelines_at_a_time_do_not_disturb_each_other() -> None:
    with (
        pipeline("--seconds", "2.5", "--rate", "200") as one,
        pipeline("--seconds", "2.5", "--rate", "200") as other,
    ):
        assert one.end() == (0, "")
        assert other.end() == (0, "")
        for running in (one, other):
            found = re.search(r"(\d+) readings", running.text)
            assert found
            assert 20 <= int(found[1]) <= 500  # one sensor's, not two


@pytest.mark.parametrize("workers", ["0", "2"])
def test_ctrl_c_ends_both_processes_with_a_summary_and_no_traceback(workers: str) -> None:
    with pipeline("--seconds", "60", "--workers", workers) as running:
        running.until(".")  # the first line of numbers
        running.process.send_signal(signal.SIGINT)
        assert running.end() == (0, "")
        assert "missed deadlines" in running.text


def test_ctrl_c_in_the_sensor_ends_the_monitor_too() -> None:
    with pipeline("--seconds", "60") as running:
        running.until(".")
        os.kill(running.sensor, signal.SIGINT)
        assert running.end() == (0, "")
        assert "the sensor ended (0)" in running.text


def test_a_killed_sensor_is_a_missed_deadline_and_the_monitor_goes_on() -> None:
    with pipeline("--seconds", "4") as running:
        running.until(".")
        os.kill(running.sensor, signal.SIGKILL)
        running.until("the sensor ended (-9)")
        assert running.process.poll() is None
        running.until("nan")  # another second without a reading
        assert running.end() == (0, "")
        assert running.missed >= 10


def test_a_killed_monitor_takes_its_sensor_along() -> None:
    running = Pipeline("--seconds", "60")
    try:
        running.until(".")
        running.process.kill()
        _, err = running.end()
        assert running.sensor_is_gone
        assert err == ""
    finally:
        remove_leftovers(running.domain)


@pytest.mark.parametrize("wrong", ["--rate=0", "--rate=nan", "--seconds=x", "--workers=-1"])
def test_the_pipeline_refuses_what_cannot_be(wrong: str) -> None:
    done = run("pipeline.py", wrong)
    assert done.returncode == 2
    assert wrong.partition("=")[0] in done.stderr
    assert "Traceback" not in done.stderr


# --- the line with the race -----------------------------------------------------------------------


def test_ten_thousand_parts_on_the_real_executor_do_not_show_the_race(domain: str) -> None:
    done = run("racy_line.py", domain=domain)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"10000 parts, 46\d\d ejected, 0 of them good ones\n", done.stdout)
