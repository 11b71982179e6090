"""``taktora run`` as users meet it: a process, its exit code, and what it says."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from taktora.cli import main
from tests.cli.conftest import Command

TICKS = """
    import ctypes
    from taktora import every

    def build(executor):
        out = executor.channel("ticks", ctypes.c_uint64).publisher()

        @every(0.01, id="ticker")
        def tick(ctx):
            out.send_copy(1)
            if ctx.now_ns:
                print("tick", flush=True)

        executor.add(tick)
"""

FAILS = """
    from taktora import every

    def build(executor):
        @every(0.01, id="mixer")
        def mix():
            helper()

        executor.add(mix)

    def helper():
        try:
            1 / 0
        except ZeroDivisionError as error:
            raise ValueError("too loud") from error
"""


BUILDS_BADLY = """
    import ctypes

    def build(executor):
        executor.channel("c", ctypes.c_int).publisher()
        executor.add(5)
"""


# --- how it runs ----------------------------------------------------------------------------------


@pytest.mark.rule("CLI-20", "CLI-02", "CLI-23")
@pytest.mark.parametrize("target", ["line:build", "line.py:build"])
@pytest.mark.parametrize("workers", ["0", "2"])
def test_it_builds_runs_for_the_time_given_and_ends_well(
    target: str, workers: str, taktora_command: Command
) -> None:
    taktora_command.write(TICKS)
    done = taktora_command("run", target, "--for", "0.3", "--workers", workers)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(done.stdout.split()) == {"tick"}


@pytest.mark.rule("CLI-20")
def test_it_runs_until_an_item_stops_the_executor(taktora_command: Command) -> None:
    taktora_command.write("""
        from taktora import every
        def build(executor):
            print(executor.name, executor.domain, executor.worker_threads)
            executor.add(every(0.01)(lambda ctx: ctx.stop_executor()))
        """)
    options = ("--name", "arm", "--domain", taktora_command.domain, "--workers", "3")
    done = taktora_command("run", "line:build", *options, env={"TAKTORA_DOMAIN": "elsewhere"})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"arm {taktora_command.domain} 3\n"


@pytest.mark.rule("CLI-21", "CLI-02", "CLI-23")
@pytest.mark.parametrize("workers", ["0", "2"])
def test_an_item_that_fails_is_named_with_the_users_frames(
    workers: str, taktora_command: Command
) -> None:
    path = taktora_command.write(FAILS)
    done = taktora_command("run", "line:build", "--workers", workers)
    assert done.returncode == 1
    assert done.stdout == ""
    first, _, rest = done.stderr.partition("\n\n")
    assert first == "taktora run: item 'mixer' failed: ValueError: too loud"
    assert f'File "{path}", line 7, in mix' in rest
    assert f'File "{path}", line 15, in helper' in rest
    assert "ZeroDivisionError: division by zero" in rest
    assert rest.endswith("ValueError: too loud\n")
    assert "taktora/" not in rest


@pytest.mark.rule("CLI-25")
def test_a_function_that_adds_nothing_is_a_warning(taktora_command: Command) -> None:
    taktora_command.write("def build(executor): ...")
    done = taktora_command("run", "line:build", "--for", "0.01")
    assert done.returncode == 0
    assert "WARNING taktora: line:build added no item" in done.stderr


# --- what it refuses ------------------------------------------------------------------------------


@pytest.mark.rule("CLI-03", "CLI-02")
@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (["--workers=-1"], "-1 is not between 0 and 1024"),
        (["--workers=many"], "'many' is not a whole number"),
        (["--workers=1.5"], "'1.5' is not a whole number"),
        (["--workers=100000"], "100000 is not between 0 and 1024"),
        (["--for=0"], "it must be more than zero, not 0.0"),
        (["--for", "-1"], "it must be more than zero, not -1.0"),
        (["--for=nan"], "it must be finite"),
        (["--for=inf"], "it must be finite"),
        (["--for=1e300"], "it must be less than 146 years"),
        (["--for=soon"], "'soon' is not a number of seconds"),
        (["--log-level=loud"], "invalid choice: 'loud' (choose from "),
        ([], "required: module:function"),
    ],
)
def test_an_option_that_cannot_be_is_named_with_exit_code_2(
    wrong: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", *wrong, *(["line:build"] if wrong else [])])
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert hint in err
    assert not wrong or wrong[0].partition("=")[0] in err
    assert "usage: taktora run" in err


@pytest.mark.rule("CLI-03", "CLI-02")
@pytest.mark.parametrize("option", ["--domain=a/b", "--name=" + "n" * 300])
def test_a_name_that_cannot_be_is_exit_code_2(option: str, taktora_command: Command) -> None:
    taktora_command.write(TICKS)
    done = taktora_command("run", "line:build", option)
    assert done.returncode == 2
    assert done.stderr.startswith("taktora run: ")
    assert "Traceback" not in done.stderr


@pytest.mark.rule("CLI-11", "CLI-02")
@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("line", "'line' is not module:function"),
        ("lime:build", "no module 'lime'"),
        ("line:biuld", "line has no function 'biuld'; did you mean build?"),
        ("line:TICKS", "line:TICKS cannot be called: it is of type int"),
        ("line:helper", "line:helper() must be callable with one argument"),
        ("broken:build", "broken was found, but an import in it failed: No module named 'numpyy'"),
    ],
)
def test_a_wrong_target_is_one_line_and_no_traceback(
    target: str, hint: str, taktora_command: Command
) -> None:
    taktora_command.write("TICKS = 1\ndef build(executor): ...\ndef helper(): ...")
    taktora_command.write("import numpyy", "broken.py")
    done = taktora_command("run", target)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"taktora run: {hint}")
    assert done.stderr.count("\n") == 1


@pytest.mark.rule("CLI-12", "CLI-02", "CLI-23")
@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("x = 1\nx / 0\n", "importing line:build failed:", "ZeroDivisionError: division by zero"),
        ("def build(executor:\n", "importing line:build failed:", "SyntaxError: "),
        (
            BUILDS_BADLY,
            "line:build failed:",
            "taktora.errors.WrongType: add takes an Item",
        ),
    ],
)
def test_what_the_users_code_raises_is_a_traceback_of_the_users_frames(
    text: str, first: str, last: str, taktora_command: Command
) -> None:
    path = taktora_command.write(text)
    done = taktora_command("run", "line:build")
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert lines[0] == f"taktora run: {first}"
    assert lines[-1].startswith(last)
    assert f'File "{path}", line' in done.stderr
    assert "importlib" not in done.stderr
    assert "taktora/" not in done.stderr


@pytest.mark.rule("CLI-02", "CLI-23")
def test_a_function_that_ends_the_program_is_exit_code_2_with_its_words(
    taktora_command: Command,
) -> None:
    taktora_command.write("import sys\ndef build(executor): sys.exit('no camera')")
    done = taktora_command("run", "line:build")
    assert (done.returncode, done.stderr) == (
        2,
        "taktora run: line:build ended the program: no camera\n",
    )


# --- how it ends ----------------------------------------------------------------------------------

STAGES = {
    "imports": "import time\nprint('here', flush=True)\ntime.sleep(60)\ndef build(executor): ...",
    "builds": """
        import ctypes, time
        def build(executor):
            executor.channel("ticks", ctypes.c_uint64).publisher()
            print("here", flush=True)
            time.sleep(60)
        """,
    "runs": TICKS,
    "runs on workers": TICKS,
    "idles": """
        import ctypes
        from taktora import Item
        class Idle(Item):
            def on_start(self): print("here", flush=True)
        def build(executor):
            executor.channel("ticks", ctypes.c_uint64).publisher()
            executor.add(Idle())
        """,
    "executes": """
        import time
        from taktora import every
        def build(executor):
            @every(0.01)
            def takes_long(ctx):
                print("here", flush=True)
                for _ in range(50):
                    time.sleep(0.01)
                print("finished", flush=True)
                ctx.stop_executor()
            executor.add(takes_long)
        """,
}


@pytest.mark.rule("CLI-22", "CLI-23", "CLI-02")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("stage", STAGES)
def test_a_signal_ends_it_well_at_whatever_moment(
    stage: str, number: signal.Signals, taktora_command: Command
) -> None:
    taktora_command.write(STAGES[stage])
    options = ["--workers", "2"] if "workers" in stage else []
    with taktora_command.start("run", "line:build", *options) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert out.startswith("finished\n") or stage != "executes"


@pytest.mark.rule("CLI-22", "CLI-02")
def test_a_second_ctrl_c_breaks_off_what_does_not_end(taktora_command: Command) -> None:
    taktora_command.write("""
        import os, signal, time
        from taktora import every
        def build(executor):
            @every(0.01)
            def never_ends():
                old = signal.getsignal(signal.SIGINT)
                def heard(*args):
                    old(*args)
                    os.write(1, b"heard\\n")  # print() may be what the signal interrupts
                signal.signal(signal.SIGINT, heard)
                os.write(1, b"here\\n")
                while True:
                    time.sleep(60)
            executor.add(never_ends)
        """)
    with taktora_command.start("run", "line:build") as process:
        assert process.stdout
        for expected in ("here\n", "heard\n"):
            assert process.stdout.readline() == expected
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 130


@pytest.mark.rule("CLI-22")
def test_what_was_ignored_stays_ignored(taktora_command: Command) -> None:
    taktora_command.write(TICKS)
    with taktora_command.start(
        prefix=["sh", "-c", f"trap '' HUP; exec {sys.executable} -m taktora run line:build"]
    ) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        for _ in range(20):  # it goes on
            assert process.stdout.readline() == "tick\n"
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 0


# --- logging --------------------------------------------------------------------------------------

LOGS = """
    import logging
    logging.getLogger("mine").info("info while importing")
    def build(executor):
        for name in ("mine", "taktora"):
            for level in (logging.DEBUG, logging.INFO, logging.WARNING):
                logging.getLogger(name).log(level, "%s", logging.getLevelName(level).lower())
"""


@pytest.mark.rule("CLI-24")
@pytest.mark.parametrize(
    ("options", "said", "unsaid"),
    [
        ([], ["warning"], ["info", "debug"]),
        (["--log-level", "INFO"], ["warning", "info"], ["debug"]),
        (["--log-level=debug"], ["warning", "info", "debug"], []),
        (["--log-level=error"], [], ["warning", "info", "debug"]),
    ],
)
def test_the_log_level_is_the_one_asked_for(
    options: list[str], said: list[str], unsaid: list[str], taktora_command: Command
) -> None:
    taktora_command.write(LOGS)
    err = taktora_command("run", "line:build", "--for", "0.01", *options).stderr
    for name in ("mine", "taktora"):
        for word in said:
            assert f" {word.upper()} {name}: {word}\n" in err
        for word in unsaid:
            assert f"{name}: {word}\n" not in err


@pytest.mark.rule("CLI-24")
def test_a_module_that_sets_up_logging_keeps_its_handlers(taktora_command: Command) -> None:
    taktora_command.write("""
        import logging
        logging.basicConfig(format="own %(message)s")
        def build(executor): logging.info("words")
        """)
    err = taktora_command("run", "line:build", "--for", "0.01", "--log-level", "info").stderr
    assert "own words\n" in err
    assert "INFO root: words" not in err


# --- the command as a whole -----------------------------------------------------------------------


@pytest.mark.rule("CLI-01")
def test_the_command_and_the_module_are_the_same(taktora_command: Command) -> None:
    script = Path(sys.executable).with_name("taktora")
    if not script.exists():
        pytest.skip("taktora is not installed, only imported")
    for arguments in (["--help"], ["--version"], ["run", "--help"]):
        by_module, by_script = (
            taktora_command(*arguments, prefix=prefix)
            for prefix in ([sys.executable, "-m", "taktora"], [str(script)])
        )
        assert (by_module.returncode, by_module.stderr) == (0, "")
        assert by_module.stdout == by_script.stdout


@pytest.mark.rule("CLI-01")
@pytest.mark.parametrize("command", ["run", "graph", "doctor"])
def test_help_lists_the_command_and_says_more(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 0
    assert f"\n    {command} " in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    if command != "doctor":
        assert "examples:\n  taktora" in out
        assert "exit codes:\n" in out
