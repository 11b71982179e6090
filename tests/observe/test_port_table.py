"""Statistics of ports as a table."""

from __future__ import annotations

import pytest

from taktora import ExecutorStats
from taktora.errors import InvalidArgument
from taktora.observe import port_table
from taktora.observe.histogram import Summary
from taktora.observe.port_stats import PortStats


def stats(**ports: PortStats) -> ExecutorStats:
    return ExecutorStats(ports=ports)


@pytest.mark.rule("PSTAT-10")
def test_a_row_has_every_number_of_a_port() -> None:
    port = PortStats(
        7, 12_345, 1, 2, 3, 4,
        last_error="channel 'lab.in': CodecError:\nno\tnumber",
        latency=Summary(7, 1, 1.0, 12_345, 2, 3_000_000, 4),
    )  # fmt: skip
    head, row, idle = port_table.rows(stats(a=port, b=PortStats()), {"a": 12.34})
    assert head == port_table.HEADER
    assert row == (
        "a", "7", "12.3/s", "12.3 kB", "1", "2", "7", "12.3 µs", "3.00 ms", "CodecError: no number",
    )  # fmt: skip
    assert idle == ("b", "0", "-", "0 B", "0", "0", "0", "-", "-", "-")


@pytest.mark.rule("PSTAT-10")
@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (999_499_999, "999 MB"),
        (12_300_000_000, "12.3 GB"),
        (5_000_000_000_000, "5.00 TB"),
    ],
)
def test_sizes_have_three_digits(count: int, text: str) -> None:
    assert port_table.size(count) == text


@pytest.mark.rule("PSTAT-11")
def test_rates_are_messages_between_two_snapshots() -> None:
    before = stats(a=PortStats(10), anew=PortStats(50))
    after = stats(a=PortStats(60), anew=PortStats(20), new=PortStats(30))
    assert port_table.rates(before, after, 0.5) == {"a": 100, "anew": 40, "new": 60}
    with pytest.raises(InvalidArgument):
        port_table.rates(before, after, 0)
