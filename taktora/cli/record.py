"""``taktora record``: what runs elsewhere, into a file."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING, Any

from taktora.cli.columns import aligned
from taktora.cli.ending import FAILED, REFUSED, CommandError, Ending, Interrupted
from taktora.cli.options import period, positive, seconds
from taktora.cli.progress import Progress, as_bytes, as_time, choose_progress, showing
from taktora.errors import TaktoraError

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from taktora.replay import Recorder, RecordReport

__all__ = ["add_to", "as_text"]

_EXAMPLES = """\
examples:
  taktora record imu                              until Ctrl-C
  taktora record imu 'arm/*' -o run.mcap --for 60
  taktora record --all --exclude 'camera/*' --domain rig-2

Channels that do not exist yet are recorded once they do. Times are exact to one --period.
Nobody waits for the recorder: where a buffer was found full ("full reads"), messages may have been
lost before they were read.

exit codes:
  0  recorded, and ended by --for, --messages, Ctrl-C, SIGTERM or SIGHUP
  1  no message came, the file could not be written, or a channel could not be recorded
  2  nothing was begun: wrong usage, or a channel without a free subscriber slot
"""


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = commands.add_parser(
        "record",
        help="record channels of a running system to a file",
        description="Record channels of a running system to an MCAP file, without waking or stopping "
        "anything in it.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("channels", nargs="*", metavar="CHANNEL", help="a name, or a shell pattern")
    parser.add_argument("--all", action="store_true", help="every channel there is and comes")
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="CHANNEL", help="not these; repeatable"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="default: taktora-DATE-TIME.mcap, here"
    )
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")
    parser.add_argument(
        "--for", type=seconds, dest="seconds", metavar="SECONDS", help="end after this time"
    )
    parser.add_argument("--messages", type=positive, metavar="N", help="end after so many")
    parser.add_argument(
        "--period",
        type=period,
        default=0.01,
        metavar="SECONDS",
        help="between two looks at most, 0.0001 to 0.1 (default: 0.01); halved by itself "
        "when a buffer is found 60 % full; shorter: more exact times, and more work for "
        "publishers",
    )
    parser.add_argument(
        "--compression", choices=("zstd", "lz4", "none"), default="zstd", help="default: zstd"
    )
    parser.add_argument(
        "--domain", help="where to record (default: TAKTORA_DOMAIN, else iceoryx2's own)"
    )
    parser.set_defaults(command=record)


def record(options: argparse.Namespace) -> int:
    """The command; its exit code.

    Raises:
        CommandError: nothing was begun, or not all that was wanted was recorded.
    """
    if options.all == bool(options.channels):
        raise CommandError("say which channels to record, by name or pattern, or --all", REFUSED)
    ending = Ending()
    try:
        with ending.on_signals():
            report = _recorded(options, ending)
    except Interrupted:
        return 0
    print(as_text(report))
    sys.stdout.flush()
    if report.unrecorded:
        told = "; ".join(one.reason for one in report.unrecorded)
        raise CommandError(told, FAILED)
    if not report.messages:
        raise CommandError(_nothing(options, report), FAILED)
    return 0


def _recorded(options: argparse.Namespace, ending: Ending) -> RecordReport:
    from taktora.ipc import Node
    from taktora.replay import Recorder

    path = options.output or time.strftime("taktora-%Y%m%d-%H%M%S.mcap")
    stopping: list[bool] = []
    shown = choose_progress(sys.stderr)  # loads rich, for which there is no time later
    try:
        with Node(domain=options.domain) as node:
            recorder = Recorder(
                node,
                path,
                ["*"] if options.all else options.channels,
                exclude=options.exclude,
                overwrite=options.force,
                compression=options.compression,
            )
            with recorder:
                ending.stop = lambda: stopping.append(True)
                with showing(_progress_of(recorder, options), shown):
                    _run(recorder, options, stopping)
                ending.over()
            return recorder.report()
    except TaktoraError as error:
        begun = ending.stop is not None
        ending.over()
        raise CommandError(_advised(error), FAILED if begun else REFUSED) from error


def _run(recorder: Recorder, options: argparse.Namespace, stopping: list[bool]) -> None:
    recorder.run(
        duration=options.seconds,
        messages=options.messages,
        stop=lambda: bool(stopping),
        period=options.period,
    )


def _advised(error: TaktoraError) -> str:
    if "exists; give another name" in str(error):
        return f"{str(error).partition(';')[0]}; give another name, or --force"
    return str(error)


def _progress_of(recorder: Recorder, options: argparse.Namespace) -> Any:
    def read() -> Progress:
        passed, count = recorder.seconds, recorder.count
        shares = [passed / options.seconds] if options.seconds else []
        if options.messages:
            shares.append(count / options.messages)
        full = f", {recorder.full_reads} full reads" if recorder.full_reads else ""
        channels = len(recorder.channels)
        where = f" of {channels} channel{'' if channels == 1 else 's'}" if channels else ""
        return Progress(
            min(max(shares), 1.0) if shares else None,
            f"{as_time(passed)}  {count} messages{where}, {as_bytes(recorder.size)}{full}",
        )

    return read


def as_text(report: RecordReport) -> str:
    """What was recorded, for people."""
    size, seconds_ = as_bytes(report.size), report.seconds
    lines = [f"{report.path}: {report.messages} messages in {seconds_:.1f} s, {size}"]
    if report.tallies:
        rows = [
            (name, one.messages, one.bytes, one.full_reads) for name, one in report.tallies.items()
        ]
        lines.append(aligned(("channel", "messages", "bytes", "full reads"), rows))
    if report.full_reads:
        lines.append(
            f"{report.full_reads} reads found a buffer full: messages may be missing before each; "
            f"a larger buffer_size of the channel helps, or a smaller --period"
        )
    return "\n".join(lines)


def _nothing(options: argparse.Namespace, report: RecordReport) -> str:
    wanted = "any channel" if options.all else " ".join(options.channels)
    if report.tallies:
        return f"nothing was recorded: no message came on {', '.join(report.tallies)}"
    from taktora.ipc import Node
    from taktora.ipc.existing import existing_channels

    with Node(domain=options.domain) as node:
        there = ", ".join(sorted(existing_channels(node))) or "none"
    return f"nothing was recorded: no channel fits {wanted}; there are: {there}"
