"""``taktora replay``: a recording onto channels again, or what is in it."""

from __future__ import annotations

import argparse
import math
import sys
import time
from typing import TYPE_CHECKING, Any

from taktora.cli.columns import aligned
from taktora.cli.ending import FAILED, REFUSED, CommandError, Ending, Interrupted
from taktora.cli.options import positive, seconds, speed
from taktora.cli.progress import Progress, as_bytes, as_time, choose_progress, showing
from taktora.errors import TaktoraError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from taktora.replay import Player, Recording, ReplayReport

__all__ = ["add_to", "as_text", "contents"]

_EXAMPLES = """\
examples:
  taktora replay run.mcap
  taktora replay run.mcap --info                      what is in it; nothing is played
  taktora replay run.mcap --channels imu 'arm/*' --speed 0.5
  taktora replay run.mcap --from 12.5 --to 20 --wait-for-subscribers

A channel that does not exist is created as it was recorded. --speed max does not wait at all:
subscribers whose buffers are not large enough lose messages then.

exit codes:
  0  played, or ended by Ctrl-C, SIGTERM or SIGHUP
  1  played as far as it could be: the recording is broken, or a channel did not take a message
  2  nothing was played: wrong usage, no recording, or a channel that carries something else
"""


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "replay",
        help="publish a recording again, or show what is in it",
        description="Publish what taktora record wrote, in the same order and at the same pace.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="an MCAP file of taktora record")
    parser.add_argument("--info", action="store_true", help="show what is in it instead")
    parser.add_argument(
        "--channels", nargs="+", metavar="CHANNEL", help="only these: names, or shell patterns"
    )
    parser.add_argument(
        "--speed", type=speed, default=1.0, help="a factor, or max (default: 1)", metavar="FACTOR"
    )
    parser.add_argument(
        "--from", type=seconds, dest="start", metavar="SECONDS", help="leave out so much"
    )
    parser.add_argument(
        "--to", type=seconds, dest="end", metavar="SECONDS", help="stop there, from its beginning"
    )
    parser.add_argument(
        "--wait-for-subscribers",
        nargs="?",
        type=positive,
        const=1,
        metavar="N",
        help="begin once each channel has so many (default: 1)",
    )
    parser.add_argument(
        "--domain", help="where to publish (default: TAKTORA_DOMAIN, else iceoryx2's own)"
    )
    parser.set_defaults(command=replay)


def replay(options: argparse.Namespace) -> int:
    """The command; its exit code.

    Raises:
        CommandError: nothing was played, or not all of it.
    """
    from taktora.replay import Recording

    ending = Ending()
    try:
        with ending.on_signals(), Recording(options.file) as recording:
            if options.info:
                print(contents(recording))
                broken = recording.broken
            else:
                report = _played(options, recording, ending)
                print(as_text(report))
                broken = report.broken
    except Interrupted:
        return 0
    except TaktoraError as error:
        raise CommandError(str(error), FAILED if ending.stop is not None else REFUSED) from error
    sys.stdout.flush()
    if broken is not None:
        raise CommandError(f"{options.file} is {broken}", FAILED)
    return 0


def _played(options: argparse.Namespace, recording: Recording, ending: Ending) -> ReplayReport:
    from taktora.ipc import Node
    from taktora.replay import Player

    stopping: list[bool] = []
    with (
        Node(domain=options.domain) as node,
        Player(
            node,
            recording,
            channels=options.channels,
            speed=options.speed,
            start=options.start or 0,
            end=options.end,
        ) as player,
    ):
        ending.stop = lambda: stopping.append(True)
        waiting = [True] if options.wait_for_subscribers is not None else []
        with showing(_progress_of(player, options, waiting), choose_progress(sys.stderr)):
            if options.wait_for_subscribers is not None:
                player.wait_for_subscribers(
                    options.wait_for_subscribers, stop=lambda: bool(stopping)
                )
                waiting.clear()
            player.run(stop=lambda: bool(stopping))
        return player.report()


def _progress_of(player: Player, options: argparse.Namespace, waiting: list[bool]) -> Any:
    def read() -> Progress:
        if waiting:
            missing = ", ".join(player.without_subscribers(options.wait_for_subscribers))
            return Progress(0.0, f"waiting for subscribers of {missing}")
        length, position = player.window.length_ns, player.position_ns
        return Progress(
            min(position / length, 1.0) if length else 1.0,
            f"{as_time(position / 1e9)} of {as_time(length / 1e9)}  {player.count} messages",
        )

    return read


def as_text(report: ReplayReport) -> str:
    """What was played, for people."""
    lines = [f"{report.path}: {report.messages} messages in {report.seconds:.1f} s"]
    if report.sent:
        lines.append(aligned(("channel", "messages"), list(report.sent.items())))
    late = report.lateness
    if late.count and late.p50 is not None and late.p99 is not None and late.maximum is not None:
        p50, p99, most = (value / 1e6 for value in (late.p50, late.p99, late.maximum))
        lines.append(f"late by {p50:.3f} ms (p50), {p99:.3f} ms (p99), {most:.3f} ms (most)")
    for name, count in report.undelivered.items():
        lines.append(f"{count} messages of {name} were taken by nobody: its buffers were full")
    return "\n".join(lines)


def contents(recording: Recording) -> str:
    """What is in a recording, for people."""
    start = recording.start_ns
    when = (
        ""
        if start is None
        else time.strftime(", from %Y-%m-%d %H:%M:%S", time.localtime(start / 1e9))
    )
    seconds_ = recording.duration_ns / 1e9
    lines = [f"{recording.path}: {recording.count} messages in {seconds_:.3f} s{when}"]
    rows = []
    for one in recording.channels:
        tally = recording.tallies[one.name]
        size = f"n x {one.size}" if one.dynamic else str(one.size)
        rate = tally.messages / seconds_ if seconds_ and not math.isinf(seconds_) else 0.0
        rows.append(
            (one.name, tally.messages, f"{rate:.1f}", as_bytes(tally.bytes), tally.full_reads,
             size, one.type_name)
        )  # fmt: skip
    if rows:
        heads = ("channel", "messages", "per second", "total", "full reads", "bytes", "type")
        lines.append(aligned(heads, rows))
    return "\n".join(lines)
