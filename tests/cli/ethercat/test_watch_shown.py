"""What ``taktora ethercat watch`` makes of a view: lines for files, a picture for terminals."""

from __future__ import annotations

import io
import re
import threading
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from taktora.cli.ethercat.watch_lines import WatchLines
from taktora.cli.ethercat.watch_rate import CycleRate
from taktora.cli.ethercat.watch_table import WatchTable
from taktora.cli.ethercat.watch_thread import looking
from taktora.cli.ethercat.watch_values import bits_in_words, field_in_words, image_in_words
from taktora.cli.ethercat.watch_view import Shown, View
from taktora.connectors.ethercat.cycle_stats import BusStatistics, Spread, SubDeviceStatus
from taktora.connectors.ethercat.routing import Direction, EthercatRouting

DEVICES = (
    SubDeviceStatus(1, "coupler", "OP"),
    SubDeviceStatus(2, "axis", "SAFE-OP", error=True, al_status=0x1B, text="SyncManager watchdog"),
    SubDeviceStatus(3, "", "NONE"),
)
STATS = BusStatistics(
    state="degraded: SubDevice 2",
    cycle_time=2_000_000,
    cycles=500,
    expected_wkc=6,
    wkc=3,
    short_counters=4,
    lateness=Spread(10_000, 20_000, 30_000),
    exchange=Spread(40_000, 50_000, 60_400),
    subdevices=DEVICES,
)
VALUES = (Shown("axis/position", "in", "12 (0x0000000C)"), Shown("axis/target", "out", "-3"))
VIEW = View(1.04, "eth1", "degraded: SubDevice 2", STATS, VALUES, 499.6)


@pytest.mark.rule("TOOL-53")
def test_lines_tell_counters_each_second_and_all_else_when_it_changes() -> None:
    stream = io.StringIO()
    lines = WatchLines(stream)
    lines.show(View(0.0, "eth1", "connecting"))
    lines.show(VIEW)
    lines.show(evolve(VIEW, seconds=1.3))
    lines.show(evolve(VIEW, seconds=1.6, values=(evolve(VALUES[0], text="13"), VALUES[1])))
    last = evolve(
        VIEW,
        seconds=2.1,
        values=(evolve(VALUES[0], text="13"),),
        health="up",
        statistics=evolve(STATS, wkc=6),
    )
    lines.show(last)
    lines.end(last)
    counters = (
        "lost=0 short=4 overruns=0 recoveries=0 bring-ups=0 sdos=0 refused=0 late_p99_us=20 "
        "exchange_p99_us=50"
    )
    assert stream.getvalue().splitlines() == [
        "     0.0  health  connecting",
        f"     1.0  bus  cycles=500 wkc=3/6 {counters}",
        "     1.0  health  degraded: SubDevice 2",
        "     1.0  SubDevice 1 coupler  OP",
        "     1.0  SubDevice 2 axis  SAFE-OP: SyncManager watchdog (AL status code 0x001B)",
        "     1.0  SubDevice 3  NONE: it does not answer",
        "     1.0  in axis/position  12 (0x0000000C)",
        "     1.0  out axis/target  -3",
        "     1.6  in axis/position  13",
        f"     2.1  bus  cycles=500 wkc=6/6 {counters}",
        "     2.1  health  up",
    ]


@pytest.mark.rule("TOOL-53")
def test_lines_end_with_what_was_not_told_yet() -> None:
    stream = io.StringIO()
    lines = WatchLines(stream)
    lines.show(VIEW)
    lines.end(evolve(VIEW, seconds=1.2, health="up"))
    assert [line.split()[1] for line in stream.getvalue().splitlines()[-2:]] == ["bus", "health"]


def picture(view: View, width: int, height: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True)
    table = WatchTable(console.file, console)
    with console.capture() as shown:
        console.print(table._picture(view, max(height - 1, 1)))
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.get()).splitlines()


@pytest.mark.rule("TOOL-53")
def test_a_picture_has_health_counters_subdevices_and_values() -> None:
    lines = picture(VIEW, 100, 40)
    assert lines[0] == "eth1  degraded: SubDevice 2  1.0 s"
    head = " ".join(" ".join(lines[:4]).split())
    for words in ("cycle 2 ms", "cycles 500 (500/s)", "wkc 3 of 6", "late 10/20/30 us", "short 4"):
        assert words in head
    rows = [line.split() for line in lines]
    at = rows.index(["#", "SubDevice", "state", "error"])
    assert rows[at + 1][:3] == ["1", "coupler", "OP"]
    assert "SyncManager watchdog (AL status code 0x001B)" in lines[at + 2]
    assert "it does not answer" in lines[at + 3]
    at = rows.index(["value", "of", "way", "value"])
    assert rows[at + 1] == ["axis/position", "in", "12", "(0x0000000C)"]


@pytest.mark.rule("TOOL-53")
@given(st.integers(40, 200), st.integers(3, 60), st.integers(0, 60), st.integers(0, 60))
def test_a_picture_is_no_wider_and_no_higher_than_the_terminal(
    width: int, height: int, devices: int, values: int
) -> None:
    view = evolve(
        VIEW,
        statistics=evolve(STATS, subdevices=(DEVICES[1],) * devices),
        values=(Shown("a/long/name/of/a/channel", "in", "1234567890 " * 5),) * values,
    )
    lines = picture(view, width, height)
    assert len(lines) <= max(height - 1, 1)
    assert all(cell_len(line) <= width for line in lines)
    if devices > height > 20:
        assert any(line.startswith("and ") and line.endswith(" more") for line in lines)


@pytest.mark.rule("TOOL-53")
def test_what_cannot_be_printed_is_escaped_in_both() -> None:
    view = evolve(VIEW, values=(Shown("a\x1b[2J", "in", "\n"),))
    stream = io.StringIO()
    WatchLines(stream).show(view)
    for text in (stream.getvalue(), "\n".join(picture(view, 100, 40))):
        assert "a\\x1b[2J" in text
        assert "\x1b" not in text


@pytest.mark.rule("TOOL-50")
def test_a_rate_is_of_the_time_between_reports_of_one_gateway() -> None:
    its, second = CycleRate(), 10**9
    its.hear(evolve(STATS, cycles=500), 5 * second)
    assert its.per_second is None
    its.hear(evolve(STATS, cycles=501), 5 * second + 1000)  # health has changed
    assert its.per_second is None
    its.hear(evolve(STATS, cycles=1500), 7 * second)
    assert its.per_second == 500
    its.hear(evolve(STATS, cycles=2), 8 * second)  # another gateway began anew
    assert its.per_second is None


@pytest.mark.rule("TOOL-51")
@pytest.mark.parametrize(
    ("routing", "payload", "words"),
    [
        ({"bit_length": 1}, b"\1", "true"),
        ({"bit_length": 12}, b"\xff\x0f", "4095 (0xFFF)"),
        ({"bit_length": 12, "signed": True}, b"\xff\x0f", "-1 (0xFFF)"),
        ({"bit_length": 16, "byte_order": "big"}, b"\1\2", "258 (0x0102)"),
        ({"bit_length": 32, "kind": "float"}, b"\0\0\xc0\x3f", "1.5"),
        ({"bit_length": 24, "kind": "bytes"}, b"\1\2\3", "01 02 03"),
        ({"bit_length": 16}, b"\1", "1 (0x01)"),  # of a gateway with another routing
    ],
)
def test_a_field_is_shown_as_its_routing_says(
    routing: dict[str, Any], payload: bytes, words: str
) -> None:
    its = EthercatRouting(1, Direction.TX, 0, **routing)
    assert field_in_words(its, payload) == words


@pytest.mark.rule("TOOL-52")
def test_bits_that_nothing_is_known_of_are_a_number_or_bytes() -> None:
    assert bits_in_words(b"\x34\x12") == "4660 (0x1234)"
    assert bits_in_words(bytes(9)) == "00 00 00 00 00 00 00 00 00"
    assert image_in_words(bytes(40)) == " ".join(["00"] * 32) + " and 8 more bytes"
    assert image_in_words(b"") == "no bytes"


# --- the thread -----------------------------------------------------------------------------------


class Recorded(WatchLines):
    """Notes what it is shown; ``broken``: nobody reads on."""

    period = 0.001

    def __init__(self, *, broken: bool = False) -> None:
        super().__init__(io.StringIO())
        self.broken = broken
        self.seen: list[View] = []
        self.ended: View | None = None
        self.enough = threading.Event()

    def show(self, view: View) -> None:
        if self.broken:
            raise BrokenPipeError
        self.seen.append(view)
        if len(self.seen) >= 3:
            self.enough.set()

    def end(self, view: View) -> None:
        self.ended = view


@pytest.mark.rule("TOOL-53")
def test_views_are_shown_until_the_end_and_the_last_one_is_of_the_end() -> None:
    count = iter(range(10**6))
    show = Recorded()
    with looking(lambda: evolve(VIEW, seconds=next(count)), show, lambda: None):
        assert show.enough.wait(30)
    assert [view.seconds for view in show.seen] == list(range(len(show.seen)))
    assert show.ended is not None
    assert show.ended.seconds == len(show.seen)


@pytest.mark.rule("TOOL-54")
def test_when_nobody_reads_on_it_stops_what_runs() -> None:
    stopped = threading.Event()
    with (
        pytest.raises(BrokenPipeError),
        looking(lambda: VIEW, Recorded(broken=True), stopped.set),
    ):
        assert stopped.wait(30)


@pytest.mark.rule("TOOL-53")
def test_what_cannot_be_shown_does_not_stop_the_bus(caplog: pytest.LogCaptureFixture) -> None:
    stopped: list[bool] = []
    tried = threading.Event()

    def read() -> View:
        tried.set()
        raise ValueError("planted")

    with looking(read, Recorded(), lambda: stopped.append(True)):
        assert tried.wait(30)
    assert stopped == []
    assert "the bus can no longer be shown" in caplog.text
