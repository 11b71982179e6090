"""``taktora check`` and ``taktora connectors``, as a user runs them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from taktora.cli import main
from tests.cli.conftest import ROOT, Command
from tests.cli.installed import install

GOOD = """
    [[connectors]]
    name = "lab"
    type = "bench"
    options = { address = "eth0" }
    [[connectors.channels]]
    name = "motor"
"""

BAD = """
    domain = "rig-2"
    [[connectors]]
    name = "lab"
    type = "bentch"
    [[connectors.channels]]
    name = "motor"
    queue = 5
    [[connectors]]
    name = "line"
    type = "bench"
    codec = "jsn"
    options = { rate = 100 }
    [[connectors.channels]]
    name = "motor"
    max_payload = "4096"
    [[connectors]]
    name = "bus"
    type = "fieldbus"
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return install(tmp_path / "site")


@pytest.mark.rule("CONF-40", "CLI-02")
def test_a_file_without_mistakes_is_one_line(
    taktora_command: Command, environment: dict[str, str]
) -> None:
    taktora_command.write(GOOD, "good.toml")
    done = taktora_command("check", "good.toml", env=environment)
    assert (done.stdout, done.stderr) == ("good.toml: 1 connector, 1 channel\n", "")
    assert done.returncode == 0


@pytest.mark.rule("CONF-40", "CONF-32", "CLI-02")
def test_every_mistake_is_a_line_with_file_and_path(
    taktora_command: Command, environment: dict[str, str]
) -> None:
    taktora_command.write(BAD, "bad.toml")
    taktora_command.write(GOOD, "good.toml")
    done = taktora_command("check", "bad.toml", "good.toml", "none.toml", env=environment)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    starts = [
        "connectors[0].type: no connector is called 'bentch'; did you mean 'bench'",
        "connectors[0].channels[0].queue: is not known here, but at connectors[0]; in TOML",
        "connectors[1].codec: no codec is called 'jsn'; did you mean 'json'",
        "connectors[1].options.rate: is 100, and must be 0.1 to 10",
        "connectors[1].options.address: is missing, and must be text in quotes",
        'connectors[1].channels[0].name: is "motor", as connectors[0].channels[0] is',
        'connectors[1].channels[0].max_payload: is "4096" (text), and must be a whole number',
        "connectors[2].type: connector 'fieldbus' of bench-connectors: No module named",
    ]
    assert len(lines) == len(starts) + 2
    for line, start in zip(lines, starts, strict=False):
        assert line.startswith(f"bad.toml: {start}")
    assert lines[-2:] == [
        "good.toml: 1 connector, 1 channel",
        "none.toml: there is no such connectors file",
    ]


@pytest.mark.rule("CONF-40")
def test_the_annotated_example_is_accepted(
    taktora_command: Command, environment: dict[str, str]
) -> None:
    shutil.copy(ROOT / "examples" / "connectors.toml", taktora_command.folder)
    done = taktora_command("check", "connectors.toml", env=environment)
    assert (done.returncode, done.stdout) == (0, "connectors.toml: 2 connectors, 3 channels\n")


@pytest.mark.rule("CONF-40")
def test_what_the_example_leaves_commented_out_is_the_default(
    taktora_command: Command, environment: dict[str, str]
) -> None:
    """Every commented-out setting can be switched on as it stands there."""
    lines = (ROOT / "examples" / "connectors.toml").read_text().splitlines()
    settings = [
        line[2:]
        if line.startswith("# [") or (line.startswith("# ") and " = " in line.partition("   #")[0])
        else line
        for line in lines
    ]
    assert sum(one != two for one, two in zip(lines, settings, strict=True)) == 13
    taktora_command.write("\n".join(settings), "all.toml")
    done = taktora_command("check", "all.toml", env=environment)
    assert (done.returncode, done.stdout) == (0, "all.toml: 2 connectors, 3 channels\n")


@pytest.mark.rule("CONF-03", "CONF-40")
def test_mistakes_can_be_shown_in_any_encoding_and_move_no_cursor(
    taktora_command: Command, environment: dict[str, str]
) -> None:
    taktora_command.write('{"connectors": [], "d\\u00e9\\u001b[2J": 1}', "b\u00fc.json")
    done = taktora_command(
        "check", "b\u00fc.json", env={**environment, "PYTHONIOENCODING": "ascii"}
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines() == [
        "b\\xfc.json: connectors: is empty, and must not be",
        'b\\xfc.json: ["d\\xe9\\u001b[2J"]: is not known here; known: connectors, domain and process',
    ]


@pytest.mark.rule("CONF-41")
def test_what_is_installed_is_listed_with_what_is_missing(
    taktora_command: Command, environment: dict[str, str]
) -> None:
    done = taktora_command("connectors", env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    connectors, codecs = done.stdout.split("\n\n")
    rows = {line.split()[0]: line.split()[1:] for line in connectors.splitlines()[1:]}
    assert rows["bench"] == ["bench-connectors", "3.1", "ready"]
    assert rows["fieldbus"][:3] == ["bench-connectors", "3.1", "connector"]
    assert "stack_that_is_not_there" in " ".join(rows["fieldbus"])
    assert rows["loopback"][0] == "taktora"
    assert codecs.startswith("codecs:\n")
    assert {line.split()[0] for line in codecs.splitlines()[1:]} >= {"json", "raw", "msgpack"}


@pytest.mark.rule("CONF-41")
def test_programs_are_told_the_same(taktora_command: Command, environment: dict[str, str]) -> None:
    done = taktora_command("connectors", "--json", env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert set(told) == {"taktora", "connectors", "codecs"}
    by_name = {one["name"]: one for one in told["connectors"]}
    assert by_name["bench"] == {
        "name": "bench",
        "distribution": "bench-connectors",
        "version": "3.1",
        "missing": None,
    }
    assert "stack_that_is_not_there" in by_name["fieldbus"]["missing"]


@pytest.mark.rule("CLI-01", "CLI-02")
@pytest.mark.parametrize("command", ["check", "connectors"])
def test_help_has_examples_and_exit_codes(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert f"taktora {command}" in said.partition("examples:")[2]
    assert "exit codes:\n  0" in said


@pytest.mark.rule("CLI-02")
@pytest.mark.parametrize("arguments", [["check"], ["check", "--json", "x"], ["connectors", "x"]])
def test_wrong_usage_is_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: taktora" in capsys.readouterr().err
