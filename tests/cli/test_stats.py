"""``taktora run --stats``: what is shown, where, and on which thread."""

from __future__ import annotations

import io
import logging
import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import attrs
import pytest
from attrs import evolve

import taktora
from taktora.cli import watching as module
from taktora.cli.aside import Aside
from taktora.cli.live import LiveTable
from taktora.cli.plain import PlainLines
from taktora.cli.reading import COLUMNS, Reading, printable
from taktora.cli.watching import choose_show, watching
from taktora.observe.counters import ExecutorStats, ItemStats
from tests.cli.conftest import Command

MakeExecutor = Callable[..., taktora.Executor]

TICKS = """
    from taktora import every

    def build(executor):
        count = 0

        @every(0.01, id="ticker")
        def tick(ctx):
            nonlocal count
            count += 1
            print(f"tick {count}")
            if count == 130:
                ctx.stop_executor()

        executor.add(tick)
        executor.add(every(60)(lambda: None), id="never\\nruns")
"""


def an_item(item_id: str, **numbers: int) -> ItemStats:
    """The statistics of an item that never ran, but for ``numbers``."""
    nothing = {
        field.name: None if field.name.endswith("_ns") else 0 for field in attrs.fields(ItemStats)
    }
    return ItemStats(**nothing | {"item_id": item_id} | numbers)  # type: ignore[arg-type]


def stats(*items: ItemStats) -> ExecutorStats:
    return ExecutorStats({item.item_id: item for item in items}, wakeups=7, dead_letters=2)


# --- readings -------------------------------------------------------------------------------------


@pytest.mark.rule("CLI-30")
def test_a_reading_has_rates_since_the_one_before() -> None:
    before, after = stats(an_item("a", count=10)), stats(an_item("a", count=60), an_item("b"))
    reading = Reading.between(before, after, seconds=9, passed=0.5)
    assert reading.rates == {"a": 100.0, "b": 0.0}
    assert reading.summary == "9.0 s, 7 wake-ups, 2 dead letters"
    assert evolve(reading, stats=evolve(after, rescued=3)).summary.endswith(", 3 rescued")


@pytest.mark.rule("CLI-30")
def test_a_reading_cuts_long_tables_and_says_how_many_are_left_out() -> None:
    rows, others = Reading(1, stats(*(an_item(f"i{n}") for n in range(10)))).rows(3)
    assert [row[0] for row in rows] == ["i0", "i1", "i2"]
    assert others == 7
    assert all(len(row) == len(COLUMNS) for row in rows)


@pytest.mark.rule("CLI-35")
def test_an_id_stays_on_its_line_and_can_be_printed() -> None:
    assert printable("arm/März 7") == "arm/März 7"
    assert printable("a\nb\x1b[2J\ud800") == "a\\nb\\x1b[2J\\ud800"


# --- plain lines ----------------------------------------------------------------------------------


@pytest.mark.rule("CLI-30")
def test_plain_lines_have_one_heading_a_word_per_column_and_a_summary() -> None:
    stream = io.StringIO()
    lines = PlainLines(stream)
    lines.start()
    for second in (1, 2):
        lines.show(Reading(second, stats(an_item("a", took_max_ns=12_345), an_item("b"))))
        lines.flush()
    lines.end(Reading(2.5, stats(an_item("a"), an_item("b"))))
    shown = stream.getvalue().splitlines()
    assert [line.split()[:2] for line in shown] == [
        ["time", "item"], ["1.0", "a"], ["1.0", "b"], ["2.0", "a"], ["2.0", "b"],
        [], ["time", "item"], ["2.5", "a"], ["2.5", "b"], ["2.5", "s,"],
    ]  # fmt: skip
    assert {len(line.split()) for line in shown[:5]} == {1 + len(COLUMNS)}
    assert "12.3" in shown[1]


@pytest.mark.rule("CLI-30")
def test_plain_lines_show_all_items_at_the_end_only() -> None:
    many = Reading(1, stats(*(an_item(f"i{n}") for n in range(1000))))
    stream = io.StringIO()
    lines = PlainLines(stream)
    lines.show(many)
    assert "and 950 more" in stream.getvalue()
    assert "i999" not in stream.getvalue()
    lines.end(many)
    assert "i999" in stream.getvalue()


@pytest.mark.rule("CLI-35")
def test_plain_lines_escape_what_the_stream_cannot_hold() -> None:
    raw = io.BytesIO()
    lines = PlainLines(io.TextIOWrapper(raw, "ascii"))
    lines.end(Reading(1, stats(an_item("März"))))
    assert b"M\\xe4rz" in raw.getvalue()


@pytest.mark.rule("CLI-30", "CLI-23")
def test_without_a_terminal_there_are_plain_lines(taktora_command: Command) -> None:
    taktora_command.write(TICKS)
    done = taktora_command("run", "line:build", "--stats")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    rows = [line.split() for line in done.stdout.splitlines() if " ticker " in line]
    assert [row[2] for row in rows][-1] == "130"
    assert rows[0][0].startswith("1.")
    assert len(rows) == 2
    assert "never\\nruns" in done.stdout
    assert re.search(r"^1\.\d s, 1\d\d wake-ups, 0 dead letters$", done.stdout, re.MULTILINE)


@pytest.mark.rule("CLI-30", "CLI-21")
def test_the_summary_is_there_when_an_item_fails(taktora_command: Command) -> None:
    taktora_command.write("""
        from taktora import every
        def build(executor):
            executor.add(every(0.01, id="bad")(lambda: 1 / 0))
        """)
    done = taktora_command("run", "line:build", "--stats")
    assert done.returncode == 1
    assert re.search(r"^ +0\.\d bad +1 ", done.stdout, re.MULTILINE)
    assert "item 'bad' failed" in done.stderr


@pytest.mark.rule("CLI-34")
def test_it_ends_when_nobody_reads_any_more(taktora_command: Command) -> None:
    taktora_command.write("""
        from taktora import every
        def build(executor): executor.add(every(0.01)(lambda: None))
        """)
    with taktora_command.start("run", "line:build", "--stats") as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline().split()[0] == "time"
        process.stdout.close()
        assert process.wait(30) == 0
        assert process.stderr.read() == ""


# --- the thread -----------------------------------------------------------------------------------


class Shown:
    """A show that keeps what it gets, and perhaps raises."""

    poll = 0.001

    def __init__(self, error: Exception | None = None) -> None:
        self.readings: list[Reading] = []
        self.threads: set[str] = set()
        self.ended: Reading | None = None
        self.error = error

    def beside(self) -> AbstractContextManager[object]:
        return nullcontext()

    def start(self) -> None:
        self.threads.add(threading.current_thread().name)

    def flush(self) -> None:
        self.threads.add(threading.current_thread().name)

    def show(self, reading: Reading) -> None:
        self.threads.add(threading.current_thread().name)
        self.readings.append(reading)
        if self.error:
            raise self.error

    def end(self, reading: Reading) -> None:
        self.threads.add(threading.current_thread().name)
        self.ended = reading


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PERIOD", 0.01)


@pytest.mark.rule("CLI-32")
def test_numbers_are_read_and_shown_on_a_thread_of_their_own(make_executor: MakeExecutor) -> None:
    executor, shown = make_executor(), Shown()
    executor.add(taktora.every(0.001)(lambda: None), id="a")
    with watching(executor, shown):
        executor.run_until(lambda: len(shown.readings) >= 3)
    assert shown.threads == {"taktora-stats"}
    counts = [reading.stats["a"].count for reading in shown.readings]
    assert counts == sorted(counts)
    assert shown.ended is not None
    assert shown.ended.stats["a"].count == executor.stats()["a"].count
    assert shown.ended.seconds >= shown.readings[-1].seconds


@pytest.mark.rule("CLI-34")
def test_numbers_that_cannot_be_shown_do_not_end_the_run(
    make_executor: MakeExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    executor, shown = make_executor(), Shown(OSError("disk full"))
    executor.add(taktora.every(0.001)(lambda: None), id="a")
    with watching(executor, shown):
        executor.run_until(lambda: shown.ended and executor.stats()["a"].count > 50)
    assert len(shown.readings) == 1
    assert "the run goes on" in caplog.text
    assert "disk full" in caplog.text


@pytest.mark.rule("CLI-34")
def test_the_executor_is_stopped_when_nobody_reads_any_more(make_executor: MakeExecutor) -> None:
    executor = make_executor()
    with pytest.raises(BrokenPipeError), watching(executor, Shown(BrokenPipeError())):
        executor.run()
    assert not executor.running


@pytest.mark.rule("CLI-32")
def test_an_error_of_the_run_is_not_hidden_by_the_thread(make_executor: MakeExecutor) -> None:
    executor, shown = make_executor(), Shown()
    executor.add(taktora.every(0.001)(lambda: 1 / 0), id="a")
    with pytest.raises(taktora.ItemFailed), watching(executor, shown):
        executor.run()
    assert shown.ended is not None
    assert shown.ended.stats["a"].failures == 1


# --- what is printed meanwhile --------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.rule("CLI-31", "CLI-32")
def test_text_is_put_aside_by_complete_lines_and_none_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, err, aside = Terminal(), Terminal(), Aside()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with aside.replacing():
        print("before")
        aside.hold()
        print("one\ntwo", end="")
        assert aside.take() == "one\n"
        assert aside.take() == ""
        print(" and three")
        sys.stderr.writelines(["an ", "error\n", "rest"])
        assert aside.take() == "two and three\nan error\n"
        assert aside.release() == "rest"
        print("after", file=sys.stderr)
        assert sys.stdout.isatty()
    assert (sys.stdout, sys.stderr) == (out, err)
    assert (out.getvalue(), err.getvalue()) == ("before\n", "after\n")


@pytest.mark.rule("CLI-31")
def test_text_that_nobody_took_is_printed_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    out, aside = Terminal(), Aside()
    monkeypatch.setattr(sys, "stdout", out)
    with aside.replacing():
        aside.hold()
        print("late")
    assert out.getvalue() == "late\n"


@pytest.mark.rule("CLI-31")
def test_what_is_put_aside_is_bounded_and_says_what_was_lost() -> None:
    aside = Aside()
    aside.hold()
    line = "x" * 1023 + "\n"
    for _ in range(1030):
        assert aside.put(line)
    assert aside.take() == line * 1024 + "(6 lines came too fast to be shown)\n"
    aside.put(line)
    assert aside.take() == line


@pytest.mark.rule("CLI-32")
def test_a_stream_that_is_no_terminal_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err, aside = Terminal(), io.StringIO(), Aside()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with aside.replacing():
        assert sys.stderr is err
        aside.hold()
        print("into the file", file=sys.stderr)
    assert err.getvalue() == "into the file\n"


# --- the live table -------------------------------------------------------------------------------


def drawn(reading: Reading, *, width: int, height: int = 12) -> list[str]:
    """The lines of the table on a terminal of this size."""
    console = pytest.importorskip("rich.console").Console(
        file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None
    )
    table = LiveTable(io.StringIO(), console)
    console.print(table._table(reading, table._room))
    return console.file.getvalue().splitlines()  # type: ignore[no-any-return]


MANY = Reading(1, stats(*(an_item(f"item number {n} [red]", failures=n) for n in range(100))))


@pytest.mark.rule("CLI-31")
@pytest.mark.parametrize("width", [80, 109, 110, 200])
def test_the_table_is_no_higher_and_no_wider_than_the_screen(width: int) -> None:
    lines = drawn(MANY, width=width)
    assert len(lines) < 12
    assert max(map(len, lines)) <= width
    assert lines[0].split()[:2] == ["item", "runs"]
    assert lines[-2:] == ["and 92 more", "1.0 s, 7 wake-ups, 2 dead letters"]
    assert len({len(line) for line in lines[:-2]}) == 1  # aligned


@pytest.mark.rule("CLI-31", "CLI-35")
def test_markup_in_an_id_is_text_and_a_long_id_is_cut() -> None:
    assert any("item number 7 [red]" in line for line in drawn(MANY, width=200))
    for character, columns in (("x", 1), ("軸", 2)):
        lines = drawn(Reading(1, stats(an_item(character * 200))), width=80)
        cut = lines[1].partition("…")[0]
        assert set(cut.rstrip()) == {character}
        assert len(lines[1]) + cut.count(character) * (columns - 1) == len(lines[0]) <= 80


@pytest.mark.rule("CLI-31")
def test_a_number_that_should_be_zero_and_is_not_stands_out() -> None:
    console = pytest.importorskip("rich.console").Console(file=io.StringIO(), width=150)
    text = LiveTable(io.StringIO(), console)._table(
        Reading(1, stats(an_item("good"), an_item("bad", failures=3, skipped=2))), 10
    )
    marked = {(text.plain[span.start : span.end].strip(), span.style) for span in text.spans}
    assert {("3", "bold red"), ("2", "yellow")} <= marked
    assert len(marked) == 3  # and the summary, dim


def on_a_terminal(command: Command, *arguments: str, code: str = "", **env: str) -> tuple[int, str]:
    """Exit code and output of the command on a pseudo-terminal."""
    pty_master, pty_slave = pty.openpty()
    prefix = [sys.executable, "-c", code] if code else [sys.executable, "-m", "taktora"]
    process = command.start(
        *arguments, prefix=prefix, stdin=subprocess.DEVNULL, stdout=pty_slave, stderr=pty_slave,
        env={"TERM": "xterm", "COLUMNS": "90", "LINES": "20", **env},
    )  # fmt: skip
    os.close(pty_slave)
    seen = b""
    try:
        while chunk := os.read(pty_master, 65536):
            seen += chunk
    except OSError:  # EIO: the other side is closed
        pass
    finally:
        os.close(pty_master)
    return process.wait(30), seen.decode()


@pytest.mark.rule("CLI-31", "CLI-22", "CLI-23")
def test_on_a_terminal_there_is_a_live_table_below_what_items_print(
    taktora_command: Command,
) -> None:
    pytest.importorskip("rich")
    taktora_command.write(TICKS)
    code, seen = on_a_terminal(taktora_command, "run", "line:build", "--stats")
    assert code == 0
    assert re.findall(r"tick \d+", seen) == [f"tick {n}" for n in range(1, 131)]
    tables = re.findall(r"ticker +(\d+) ", seen)
    assert tables[-1] == "130"
    assert len(set(tables)) >= 2  # one while it ran, one at the end
    assert "\x1b[?25l" in seen  # the cursor was hidden
    assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")  # and is there again
    assert "1.3 s, " in seen.replace("1.4 s, ", "1.3 s, ")
    assert "\r\n\r\n" not in seen.partition("ticker")[0]


@pytest.mark.rule("CLI-31", "CLI-21")
def test_a_failure_is_told_below_the_last_table(taktora_command: Command) -> None:
    pytest.importorskip("rich")
    taktora_command.write("""
        from taktora import every
        def build(executor):
            executor.add(every(0.01, id="bad")(lambda: 1 / 0))
        """)
    code, seen = on_a_terminal(taktora_command, "run", "line:build", "--stats")
    assert code == 1
    assert seen.index("dead letters") < seen.index("item 'bad' failed")
    assert seen.rstrip().endswith("ZeroDivisionError: division by zero")


BLOCKED = """
import sys
class NoRich:
    def find_spec(name, path, target=None):
        if name.partition(".")[0] == "rich":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, NoRich)
from taktora.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.rule("CLI-33")
def test_a_terminal_without_rich_gets_plain_lines_and_is_told_once(
    taktora_command: Command,
) -> None:
    taktora_command.write(TICKS)
    code, seen = on_a_terminal(taktora_command, "run", "line:build", "--stats", code=BLOCKED)
    assert code == 0
    assert seen.count("pip install 'taktora[cli]'") == 1
    assert "\x1b" not in seen
    assert re.search(r"1\.\d ticker ", seen)


@pytest.mark.rule("CLI-31")
def test_a_dumb_terminal_gets_plain_lines() -> None:
    said: list[str] = []
    assert isinstance(choose_show(Terminal(), "dumb", said.append), PlainLines)
    assert isinstance(choose_show(io.StringIO(), "xterm", said.append), PlainLines)
    assert said == []


@pytest.mark.rule("CLI-32")
def test_printing_does_not_wait_for_the_table(
    make_executor: MakeExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The drawing is held up for as long as the items need to print."""
    console = pytest.importorskip("rich.console").Console(file=Terminal(), force_terminal=True)
    monkeypatch.setattr(sys, "stdout", Terminal())
    show, printed, drawing = LiveTable(Terminal(), console), threading.Event(), threading.Event()

    def held_up(reading: Reading) -> None:
        drawing.set()
        assert printed.wait(30)

    show.show = held_up  # type: ignore[method-assign]
    executor = make_executor()

    @taktora.every(0.001)
    def speak(ctx: taktora.Context) -> None:
        if drawing.is_set():
            print("spoken")
            printed.set()
            ctx.stop_executor()

    executor.add(speak)
    with show.beside(), watching(executor, show):
        executor.run()
    assert "spoken" in console.file.getvalue()


@pytest.mark.rule("CLI-31")
def test_logging_to_the_terminal_goes_beside_the_table_too(monkeypatch: pytest.MonkeyPatch) -> None:
    err, aside = Terminal(), Aside()
    monkeypatch.setattr(sys, "stderr", err)
    with aside.replacing():
        handler = logging.StreamHandler()
        aside.hold()
        handler.emit(logging.makeLogRecord({"msg": "careful"}))
        assert aside.take() == "careful\n"
