"""``--stats`` of something with connectors: a second table."""

from __future__ import annotations

import io

import pytest

from taktora.cli.live import LiveTable
from taktora.cli.plain import PlainLines
from taktora.cli.reading import COLUMNS, PORT_COLUMNS, Reading
from taktora.observe import port_table, table
from taktora.observe.counters import ExecutorStats
from taktora.observe.port_stats import PortStats
from tests.cli.conftest import Command
from tests.cli.test_stats import an_item

ERROR = "channel 'x': CodecError: " + "much is wrong " * 20


def a_reading(items: int, ports: int, seconds: float = 1) -> Reading:
    """Of so many items and ports, with one error each."""
    return Reading(
        seconds,
        ExecutorStats(
            {f"i{n}": an_item(f"i{n}") for n in range(items)},
            ports={
                f"lab out channel {n}": PortStats(n, drops=n, last_error=ERROR)
                for n in range(ports)
            },
        ),
    )


@pytest.mark.rule("PSTAT-11")
def test_a_reading_has_rates_of_ports() -> None:
    before = ExecutorStats(ports={"a": PortStats(10)})
    after = ExecutorStats(ports={"a": PortStats(60)})
    assert Reading.between(before, after, seconds=9, passed=0.5).port_rates == {"a": 100}
    assert len(PORT_COLUMNS) == len(port_table.HEADER)


@pytest.mark.rule("PSTAT-12")
def test_plain_lines_of_ports_have_a_heading_of_their_own_and_a_word_per_column() -> None:
    stream = io.StringIO()
    lines = PlainLines(stream)
    for second in (1, 2):
        lines.show(a_reading(1, 2, second))
    lines.end(a_reading(1, 2, 3))
    shown = stream.getvalue().splitlines()
    block = ["time item", "{} i0", "time port", "{} lab_out_channel_0", "{} lab_out_channel_1"]
    expected = [
        *(one.format("1.0") for one in block),
        *(one.format("2.0") for one in block),
        "",
        *(one.format("3.0") for one in block),
        "3.0 s,",
    ]
    assert [" ".join(line.split()[:2]) for line in shown] == expected
    port = shown[3].split(maxsplit=len(PORT_COLUMNS))
    assert port[-1] == "CodecError: " + ("much is wrong " * 20).strip()
    assert len({line.index(" 0B") for line in shown if "lab_out" in line}) == 1  # aligned


@pytest.mark.rule("PSTAT-12")
def test_many_ports_are_all_shown_at_the_end_only() -> None:
    stream = io.StringIO()
    lines = PlainLines(stream)
    lines.show(a_reading(1, 60))
    assert "and 10 more" in stream.getvalue()
    lines.end(a_reading(1, 60))
    assert "lab_out_channel_59" in stream.getvalue()


def drawn(reading: Reading, *, width: int, height: int) -> list[str]:
    console = pytest.importorskip("rich.console").Console(
        file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None
    )
    live = LiveTable(io.StringIO(), console)
    console.print(live._table(reading, live._room))
    return console.file.getvalue().splitlines()  # type: ignore[no-any-return]


@pytest.mark.rule("PSTAT-13")
@pytest.mark.parametrize("width", [80, 109, 110, 200])
@pytest.mark.parametrize(
    ("items", "ports", "items_shown", "ports_shown"),
    [(100, 100, 7, 6), (2, 100, 2, 11), (100, 2, 11, 2), (3, 3, 3, 3)],
)
def test_both_tables_together_are_no_higher_and_no_wider_than_the_screen(
    width: int, items: int, ports: int, items_shown: int, ports_shown: int
) -> None:
    lines = drawn(a_reading(items, ports), width=width, height=20)
    assert len(lines) < 20
    assert max(map(len, lines)) <= width
    assert sum(line.startswith("i") for line in lines) - 1 == items_shown
    assert sum(line.startswith("lab out") for line in lines) == ports_shown
    assert (f"and {items - items_shown} more" in lines) == (items > items_shown)
    assert (f"and {ports - ports_shown} more" in lines) == (ports > ports_shown)


@pytest.mark.rule("PSTAT-12")
def test_without_ports_there_is_one_table() -> None:
    lines = drawn(a_reading(2, 0), width=200, height=20)
    assert len(lines) == 4
    assert lines[0].split() == " ".join(table.HEADER).split()
    assert len(COLUMNS) == len(table.HEADER)
    assert str(a_reading(1, 0).stats).count("\n") == 1


@pytest.mark.rule("PSTAT-12", "CLI-30")
def test_a_program_with_a_connector_shows_its_ports(taktora_command: Command) -> None:
    taktora_command.write("""
        from taktora import every
        from taktora.connectors import ChannelDescriptor
        from taktora.connectors.loopback import LoopbackConnector

        def build(executor):
            lab = LoopbackConnector("lab")
            lab.register_with(executor)
            reader = lab.create_reader(ChannelDescriptor("motor/speed"), int)
            writer = lab.create_writer(ChannelDescriptor("motor/speed"), int)

            @every(0.01, id="ticker")
            def tick(ctx):
                if type(lab.health).__name__ == "Up" and not writer.stats().messages:
                    writer.send(7)
                if any(True for _ in reader):
                    ctx.stop_executor()

            executor.add(tick)
        """)
    done = taktora_command("run", "line:build", "--stats")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    rows = {line.split()[1]: line.split()[2:] for line in done.stdout.splitlines() if line}
    assert rows["lab_gateway_out_motor/speed"][0] == "1"
    assert rows["lab_in_motor/speed"][0] == "1"
    assert rows["port"][0] == "messages"
