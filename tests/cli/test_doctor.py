"""The command: what the doctor finds, what it says, and what it returns."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import taktora
from taktora.cli import (
    doctor,
    extras,
    limits,
    main,
    memory,
    platform,
    real_time,
    report,
    round_trip,
)
from taktora.cli.finding import Finding, Level, note, ok, problem, usable
from taktora.ipc import health
from tests.conftest import leftovers, remove_leftovers


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "taktora", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_doctor_finds_this_machine_usable() -> None:
    done = command("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    for topic in ("Python", "iceoryx2", "shared memory", "round trip", "open files", "extra zenoh"):
        assert topic in done.stdout
    assert "taktora works here" in done.stdout
    assert "\x1b" not in done.stdout  # not a terminal
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_json_holds_the_same_findings() -> None:
    done = command("doctor", "--json")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert told["taktora"] == taktora.__version__
    assert told["usable"] is True
    assert {finding["level"] for finding in told["findings"]} <= {"ok", "note"}
    assert all(f["advice"] for f in told["findings"] if f["level"] != "ok")


def test_without_a_command_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "doctor" in capsys.readouterr().out


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"taktora {taktora.__version__}\n"


@pytest.mark.parametrize("wrong", [["surgery"], ["doctor", "--xml"], ["--nonsense"]])
def test_what_it_does_not_know_is_exit_code_2(
    wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2
    assert "usage: taktora" in capsys.readouterr().err


def test_a_problem_is_exit_code_1_with_advice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sick = problem("shared memory", "/dev/shm is missing", "mount -t tmpfs tmpfs /dev/shm")
    monkeypatch.setattr(doctor.examine, "__defaults__", ((lambda: [sick],),))
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "problem  shared memory" in out
    assert "-> mount -t tmpfs tmpfs /dev/shm" in out
    assert "taktora does not work here: 1 problem, 0 notes." in out
    assert main(["doctor", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["usable"] is False


def test_a_check_that_raises_is_a_problem_and_the_others_still_run() -> None:
    def check_broken_thing() -> Iterator[Finding]:
        yield ok("first", "fine")
        raise OSError("out of order")

    found = doctor.examine([check_broken_thing, lambda: [ok("last", "fine")]])
    assert [(f.topic, f.level) for f in found] == [
        ("first", Level.OK),
        ("broken thing", Level.PROBLEM),
        ("last", Level.OK),
    ]
    assert "OSError: out of order" in found[1].text
    assert not usable(found)


@pytest.mark.parametrize(
    "found",
    [
        platform.judge_python((3, 10, 2), "cpython", has_gil=True),
        platform.judge_python((3, 11, 2), "pypy", has_gil=True),
        platform.judge_glibc("glibc 2.31"),
        platform.judge_glibc(""),
        memory.judge_room(1, 64, mounted=True),
        round_trip.judge_latencies([30.0] * 3),
    ],
)
def test_what_prevents_the_core_is_a_problem(found: Finding) -> None:
    assert found.level is Level.PROBLEM


@pytest.mark.parametrize(
    "found",
    [
        platform.judge_python((3, 14, 0), "cpython", has_gil=False),
        memory.judge_room(64, 64, mounted=True),
        memory.judge_room(9000, 9000, mounted=False),
        memory.judge_dead([None, "a", "a"]),
        round_trip.judge_latencies([2500.0] * round_trip.WAKES),
        limits.judge_descriptors(1024, 524288, used=5),
        limits.judge_locked(0),
        limits.judge_watches("999"),
        real_time.judge_fifo("Operation not permitted", 0),
        real_time.judge_cpus(1, 8),
        real_time.judge_clock("hpet"),
        real_time.judge_governor("powersave"),
        extras.judge_extra("zenoh", "eclipse-zenoh", None),
        extras.judge_raw_sockets("Operation not permitted", installed=True),
    ],
)
def test_what_could_be_better_is_a_note(found: Finding) -> None:
    assert found.level is Level.NOTE


@pytest.mark.parametrize(
    "found",
    [
        platform.judge_python((3, 11, 0), "cpython", has_gil=True),
        platform.judge_glibc("glibc 2.34"),
        memory.judge_room(900, 1000, mounted=True),
        memory.judge_dead([]),
        round_trip.judge_latencies([40.0] * round_trip.WAKES),
        limits.judge_descriptors(20000, 20000, used=5),
        limits.judge_descriptors(limits.resource.RLIM_INFINITY, 1, used=5),
        limits.judge_locked(8 << 20),
        limits.judge_watches(None),
        limits.judge_watches("5491556"),
        real_time.judge_fifo(None, 99),
        real_time.judge_cpus(4, 8),
        real_time.judge_clock("tsc"),
        real_time.judge_governor(None),
        extras.judge_extra("numpy", "numpy", "2.0"),
        extras.judge_raw_sockets("Operation not permitted", installed=False),
    ],
)
def test_what_is_fine_is_ok(found: Finding) -> None:
    assert found.level is Level.OK


def test_a_folder_of_another_user_is_a_problem_that_names_the_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [f.level for f in memory.check_folder(tmp_path)] == [Level.OK]
    assert [f.level for f in memory.check_folder(tmp_path / "new")] == [Level.OK]
    monkeypatch.setattr(os, "access", lambda *_: False)
    (found,) = memory.check_folder(tmp_path)
    assert found.level is Level.PROBLEM
    assert f"belongs to {tmp_path.owner()}" in found.text


def test_missing_or_closed_shared_memory_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (missing,) = memory.check_shared_memory(tmp_path / "none")
    assert missing.level is Level.PROBLEM
    monkeypatch.setattr(os, "access", lambda *_: False)
    (closed,) = memory.check_shared_memory(tmp_path)
    assert closed.level is Level.PROBLEM


def test_a_limit_that_cannot_be_raised_in_the_shell_says_where_it_can() -> None:
    assert "ulimit -n 4096" in limits.judge_descriptors(256, 4096, used=5).advice
    assert "limits.conf" in limits.judge_descriptors(256, 256, used=5).advice


def test_a_finding_that_is_not_ok_must_say_what_to_do() -> None:
    with pytest.raises(ValueError, match="must say what to do"):
        note("topic", "text", "")


def test_a_dead_node_is_found_and_a_new_node_removes_it(domain: str) -> None:
    script = f"import taktora; n = taktora.Node(domain={domain!r}); print(); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        assert domain not in {node.domain for node in health.dead_nodes()}  # it lives
        process.kill()
    dead = [node for node in health.dead_nodes() if node.domain == domain]
    assert [node.process_id for node in dead] == [process.pid]
    taktora.Node(domain=domain).close()
    assert domain not in {node.domain for node in health.dead_nodes()}


def test_the_round_trip_leaves_nothing_behind() -> None:
    threads = threading.active_count()
    assert len(round_trip.measure(5)) == 5
    assert leftovers(f"doctor-{os.getpid()}") == []
    assert threading.active_count() == threads
    remove_leftovers(f"doctor-{os.getpid()}")


class _Stream:
    def __init__(self, *, tty: bool) -> None:
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty


@pytest.mark.parametrize(
    ("tty", "environment", "wanted"),
    [
        (True, {"TERM": "xterm"}, True),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (True, {}, False),
        (False, {"TERM": "xterm"}, False),
    ],
)
def test_colour_is_for_terminals_whose_users_want_it(
    tty: bool, environment: dict[str, str], wanted: bool
) -> None:
    assert report.wants_colour(_Stream(tty=tty), environment) is wanted  # type: ignore[arg-type]


def test_colour_changes_no_word() -> None:
    findings = [ok("a", "fine"), note("b", "so so", "try"), problem("c", "bad", "do")]
    coloured = report.as_text(findings, "1", colour=True)
    for code in ("\x1b[32m", "\x1b[33m", "\x1b[1;31m", "\x1b[0m"):
        assert code in coloured
        coloured = coloured.replace(code, "")
    assert coloured == report.as_text(findings, "1")


def test_nobody_reading_on_is_no_error() -> None:
    done = subprocess.run(
        f"{sys.executable} -m taktora doctor | head -c 1",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""


def test_every_extra_is_known_and_looked_for_by_what_it_installs() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    declared = project["project"]["optional-dependencies"]
    for_users = {name for name in declared if name not in ("all", "test", "dev", "bench")}
    assert set(extras.EXTRAS) == for_users
    for extra, distribution in extras.EXTRAS.items():
        assert any(re.match(rf"{distribution}\b", needed) for needed in declared[extra])
