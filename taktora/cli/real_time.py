"""How punctual this machine lets a thread be."""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Iterator

from taktora.cli.finding import Finding, note, ok
from taktora.cli.limits import read_text

__all__ = ["check_real_time", "judge_clock", "judge_cpus", "judge_fifo", "judge_governor"]

_CLOCK = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
_GOVERNOR = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
_GOOD_CLOCKS = ("tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page", "timebase")
_STEADY_GOVERNORS = ("performance", "schedutil")


def check_real_time() -> Iterator[Finding]:
    """Priority, processors and clocks."""
    from taktora.drivers.libc import get_timer_slack

    yield judge_fifo(refusal_of_fifo(), resource.getrlimit(resource.RLIMIT_RTPRIO)[0])
    yield judge_cpus(len(os.sched_getaffinity(0)), os.cpu_count() or 1)
    yield ok("timer slack", f"{get_timer_slack() / 1000:g} us (1 us while an executor runs)")
    yield judge_clock(read_text(_CLOCK))
    yield judge_governor(read_text(_GOVERNOR))


def refusal_of_fifo() -> str | None:
    """Why a thread may not be SCHED_FIFO, ``None`` when it may; tried on a throw-away thread."""
    from taktora import ThreadAttributes
    from taktora.errors import ThreadAttributesError

    refusal: list[str] = []

    def attempt() -> None:
        try:
            with ThreadAttributes(fifo_priority=1).applied():
                pass
        except ThreadAttributesError as error:
            refusal.append(os.strerror(error.errno) if error.errno else str(error))

    thread = threading.Thread(target=attempt, name="doctor-fifo")
    thread.start()
    thread.join()
    return refusal[0] if refusal else None


def judge_fifo(refusal: str | None, rtprio: int) -> Finding:
    """``rtprio``: the highest priority without root, as getrlimit(2) gives it."""
    limit = "no limit" if rtprio == resource.RLIM_INFINITY else f"rtprio limit {rtprio}"
    if refusal is None:
        return ok("real time", f"SCHED_FIFO is allowed ({limit})")
    return note(
        "real time",
        f"SCHED_FIFO is refused: {refusal} ({limit})",
        "only ThreadAttributes(fifo_priority=...) needs it: add '@realtime - rtprio 99' to "
        "/etc/security/limits.conf and yourself to that group, grant CAP_SYS_NICE, or docker run "
        "--cap-add=sys_nice --ulimit rtprio=99",
    )


def judge_cpus(usable: int, present: int) -> Finding:
    """``usable`` by this process, of those ``present``."""
    text = f"{usable} usable of {present}"
    if usable == 1:
        return note(
            "processors",
            text,
            "sender and receiver take turns on one CPU: allow more (taskset -pc, docker run "
            "--cpuset-cpus)",
        )
    return ok("processors", text)


def judge_clock(source: str | None) -> Finding:
    """The kernel's clock source; a slow one costs a microsecond per look at the time."""
    if source is None:
        return ok("clock", "source not readable")
    if source not in _GOOD_CLOCKS:
        return note(
            "clock",
            f"{source}, slow to read",
            "see /sys/devices/system/clocksource/clocksource0/available_clocksource; with tsc, "
            "boot with clocksource=tsc tsc=reliable",
        )
    return ok("clock", source)


def judge_governor(governor: str | None) -> Finding:
    """Who decides about the CPU frequency."""
    if governor is None:
        return ok("CPU frequency", "not ours to see (virtual machine or container)")
    if governor not in _STEADY_GOVERNORS:
        return note(
            "CPU frequency",
            f"governor {governor}: a CPU that idles needs time to speed up",
            "for less jitter: cpupower frequency-set -g performance (as root)",
        )
    return ok("CPU frequency", f"governor {governor}")
