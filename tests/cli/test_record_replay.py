"""``taktora record`` and ``taktora replay``, as a user runs them."""

from __future__ import annotations

import ctypes
import io
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import taktora
from taktora.cli.progress import Bar, Line, Progress, as_bytes, as_time, choose_progress, showing
from taktora.replay import Recording
from tests.cli.conftest import Command
from tests.replay.conftest import numbered, write


class Imu(ctypes.Structure):
    _fields_ = [("sequence", ctypes.c_uint64), ("yaw", ctypes.c_double)]


@contextmanager
def feeding(domain: str, **options: int) -> Iterator[taktora.Publisher]:
    """A channel ``imu`` on which a number is published every millisecond."""
    over = threading.Event()
    with taktora.Node(domain=domain) as node:
        publisher = node.channel("imu", Imu, **options).publisher()  # type: ignore[arg-type]

        def feed() -> None:
            number = 0
            while not over.wait(0.001):
                publisher.send_copy(Imu(number))
                number += 1

        thread = threading.Thread(target=feed)
        thread.start()
        try:
            yield publisher
        finally:
            over.set()
            thread.join()


def numbers(path: Path) -> list[int]:
    with Recording(path) as recording:
        assert recording.broken is None
        return [Imu.from_buffer_copy(one.data).sequence for one in recording.messages()]


@pytest.mark.rule("REPLAY-60", "REPLAY-29")
def test_a_running_system_is_recorded_and_played_again(
    taktora_command: Command, domain: str, tmp_path: Path
) -> None:
    with feeding(domain, buffer_size=1000):
        done = taktora_command("record", "imu", "-o", "run.mcap", "--messages", "200")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^run.mcap: 200 messages in [\d.]+ s, [\d.]+ kB$", done.stdout, re.MULTILINE)
    assert re.search(r"^imu +200 +3200 +0$", done.stdout, re.MULTILINE)
    recorded = numbers(tmp_path / "run.mcap")
    assert recorded == list(range(recorded[0], recorded[0] + 200))
    with taktora.Node(domain=domain) as node:
        subscriber = node.channel("imu", Imu, buffer_size=1000).subscriber()
        got: list[int] = []
        arguments = ["run.mcap", "--speed", "4", "--wait-for-subscribers"]
        with taktora_command.start("replay", *arguments) as process:
            while process.poll() is None:
                got += [sample.payload.sequence for sample in subscriber]
                threading.Event().wait(0.001)
            out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert got == recorded
    assert re.search(r"^late by [\d.]+ ms \(p50\), [\d.]+ ms \(p99\)", out, re.MULTILINE)


@pytest.mark.rule("REPLAY-29")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_recording_with_a_finished_file(
    number: signal.Signals, taktora_command: Command, domain: str, tmp_path: Path
) -> None:
    path = tmp_path / "run.mcap"
    with feeding(domain), taktora_command.start("record", "--all", "-o", "run.mcap") as process:
        while not path.exists() or path.stat().st_size < 1000:
            assert process.poll() is None
            threading.Event().wait(0.01)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert len(numbers(path)) > 100
    assert "run.mcap: " in out


@pytest.mark.rule("REPLAY-02", "REPLAY-61")
def test_after_a_kill_all_but_the_last_second_can_be_replayed(
    taktora_command: Command, domain: str, tmp_path: Path
) -> None:
    path = tmp_path / "run.mcap"
    with feeding(domain), taktora_command.start("record", "imu", "-o", "run.mcap") as process:
        while not path.exists() or path.stat().st_size < 1000:
            threading.Event().wait(0.01)
        process.kill()
        process.communicate(timeout=30)
    done = taktora_command("replay", "run.mcap", "--speed", "max")
    assert done.returncode == 1
    assert re.search(
        r"^taktora replay: run.mcap is broken at byte (\d+) of \1: the file was not finished; \d+ "
        r"messages in the [\d.]+ s before it$",
        done.stderr,
    )
    count = int(re.search(r"run.mcap: (\d+) messages", done.stdout)[1])  # type: ignore[index]
    assert count > 100
    assert f"; {count} messages in" in done.stderr


@pytest.mark.rule("REPLAY-62")
def test_info_shows_what_is_in_a_file_and_plays_nothing(
    taktora_command: Command, tmp_path: Path
) -> None:
    whole = write(tmp_path / "run.mcap", numbered(300, gap=10_000_000), flush_every=100)
    done = taktora_command("replay", "run.mcap", "--info")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"run.mcap: 300 messages in 2.990 s, from 2023-11-1\d .*", lines[0])
    assert [line.split()[0] for line in lines[1:]] == ["channel", "imu", "log", "scan"]
    assert lines[2].split() == ["imu", "100", "33.4", "1.6", "kB", "0", "16", "Imu"]
    assert lines[3].split() == ["log", "100", "33.4", "500", "B", "0", "n", "x", "1", "u8"]
    (tmp_path / "run.mcap").write_bytes(whole[:-20])
    done = taktora_command("replay", "run.mcap", "--info")
    assert done.returncode == 1
    assert "300 messages" in done.stdout
    assert "no message is missing" not in done.stderr or "broken at byte" in done.stderr


@pytest.mark.rule("REPLAY-60")
def test_nothing_recorded_is_a_failure_that_says_what_there_is(
    taktora_command: Command, domain: str, tmp_path: Path
) -> None:
    with taktora.Node(domain=domain) as node:
        kept = node.channel("imu", Imu), node.channel("log", bytes)
        done = taktora_command("record", "nav/*", "--for", "0.1", "-o", "a.mcap")
        assert done.returncode == 1
        assert "no channel fits nav/*; there are: imu, log" in done.stderr
        done = taktora_command("record", "imu", "--for", "0.1", "-o", "b.mcap")
        assert done.returncode == 1
        assert "no message came on imu" in done.stderr
        del kept
    assert numbers(tmp_path / "a.mcap") == numbers(tmp_path / "b.mcap") == []


@pytest.mark.rule("REPLAY-60")
def test_what_cannot_be_is_one_message_and_exit_code_two(
    taktora_command: Command, domain: str, tmp_path: Path
) -> None:
    (tmp_path / "there.mcap").write_text("precious")
    (tmp_path / "empty.mcap").write_text("")
    with taktora.Node(domain=domain) as node:
        channel = node.channel("full", Imu, max_subscribers=1)
        held = channel.subscriber()
        for arguments, words in (
            (["record"], "or --all"),
            (["record", "imu", "--all"], "or --all"),
            (
                ["record", "imu", "-o", "there.mcap"],
                "there.mcap exists; give another name, or --force",
            ),
            (["record", "imu", "-o", "no/where.mcap"], "cannot create no/where.mcap: No such file"),
            (["record", "--all"], "channel 'full' has no subscriber left: all 1 are in use"),
            (["record", "imu", "--period", "9"], "between 0.0001 and 0.1"),
            (["record", "imu", "--messages", "0"], "0 is not 1 or more"),
            (["record", "imu", "--domain", "a b"], "domain"),
            (["replay", "none.mcap"], "cannot open none.mcap: No such file"),
            (["replay", "empty.mcap"], "empty.mcap is empty"),
            (["replay", "there.mcap"], "there.mcap is no MCAP file"),
            (["replay", "there.mcap", "--speed", "0"], "not a factor"),
            (["replay", "there.mcap", "--speed", "fast"], "neither a number nor max"),
        ):
            done = taktora_command(*arguments)
            assert done.returncode == 2, arguments
            assert words in done.stderr, arguments
            assert "Traceback" not in done.stderr
        del held
    assert (tmp_path / "there.mcap").read_text() == "precious"
    assert not list(tmp_path.glob("taktora-*"))


@pytest.mark.rule("REPLAY-60")
def test_a_channel_that_carries_something_else_is_refused(
    taktora_command: Command, domain: str, tmp_path: Path
) -> None:
    write(tmp_path / "run.mcap", numbered(3))
    with taktora.Node(domain=domain) as node:
        kept = node.channel("imu", ctypes.c_uint64)
        done = taktora_command("replay", "run.mcap", "--channels", "imu")
        assert done.returncode == 2
        assert "wanted with Imu of 16 bytes but exists with u64 of 8 bytes" in done.stderr
        del kept
    done = taktora_command("replay", "run.mcap", "--channels", "nav")
    assert done.returncode == 2
    assert "run.mcap has no channel 'nav'; there are: imu, log, scan" in done.stderr


@pytest.mark.rule("REPLAY-60")
def test_full_reads_are_told_with_what_helps(taktora_command: Command, domain: str) -> None:
    with feeding(domain, buffer_size=1):
        done = taktora_command("record", "imu", "-o", "run.mcap", "--messages", "20")
    assert done.returncode == 0
    assert re.search(r"\d+ reads found a buffer full: messages may be missing", done.stdout)


# --- progress -------------------------------------------------------------------------------------


def on_a_terminal(command: Command, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output, and what the terminal on standard error got."""
    ours, theirs = pty.openpty()
    process = command.start(*arguments, stderr=theirs, env={"TERM": "xterm", "COLUMNS": "100"})
    os.close(theirs)
    seen = b""
    try:
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:
                break
            if not part:
                break
            seen += part
        out, _ = process.communicate(timeout=30)
    finally:
        os.close(ours)
        process.kill()
    return process.returncode, out, seen.decode()


@pytest.mark.rule("REPLAY-63")
def test_a_terminal_gets_a_bar_that_is_gone_at_the_end(
    taktora_command: Command, tmp_path: Path
) -> None:
    write(tmp_path / "run.mcap", numbered(60, gap=10_000_000))
    code, out, seen = on_a_terminal(taktora_command, "replay", "run.mcap", "--channels", "imu")
    assert code == 0
    assert "0:00 of 0:00" in seen
    assert "\x1b" in seen
    assert "\x1b" not in out


@pytest.mark.rule("REPLAY-63")
def test_without_a_terminal_there_is_no_progress(taktora_command: Command, tmp_path: Path) -> None:
    write(tmp_path / "run.mcap", numbered(60, gap=10_000_000))
    done = taktora_command("replay", "run.mcap", "--channels", "imu", "--speed", "2")
    assert (done.returncode, done.stderr) == (0, "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.rule("REPLAY-63")
def test_without_rich_a_terminal_gets_a_line_that_is_gone_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert isinstance(choose_progress(Terminal()), Bar)
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    stream = Terminal()
    line = choose_progress(stream)
    assert isinstance(line, Line)
    line.show(Progress(0.256, "half\tdone"))
    line.show(Progress(None, "x" * 200))
    line.end()
    assert "\r 26%  half" in stream.getvalue()
    assert stream.getvalue().endswith("\r" + " " * 79 + "\r")
    assert "\n" not in stream.getvalue()
    assert choose_progress(io.StringIO()) is None


@pytest.mark.rule("REPLAY-63")
def test_a_terminal_that_went_away_ends_nothing() -> None:
    class Gone(Terminal):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

    with showing(lambda: Progress(0.5, "x"), Line(Gone())):
        pass


def test_numbers_are_shown_as_people_read_them() -> None:
    assert [as_bytes(count) for count in (0, 999, 1500, 2.5e6, 1e9, 3e12)] == [
        "0 B", "999 B", "1.5 kB", "2.5 MB", "1.0 GB", "3.0 TB",
    ]  # fmt: skip
    assert [as_time(seconds) for seconds in (0, 59.9, 65, 7207)] == [
        "0:00",
        "0:59",
        "1:05",
        "2:00:07",
    ]


@pytest.mark.rule("REPLAY-08")
def test_without_mcap_the_command_says_how_to_get_it(taktora_command: Command) -> None:
    code = "import sys; sys.modules['mcap'] = None; from taktora.cli import main; sys.exit(main())"
    for arguments in (["record", "imu"], ["replay", "a.mcap"]):
        done = taktora_command(*arguments, prefix=[sys.executable, "-c", code])
        assert done.returncode == 2
        assert "pip install 'taktora[replay]'" in done.stderr
    assert isinstance(done, subprocess.CompletedProcess)
