"""All checks, in the order in which a reader wants them; one that breaks is a finding, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from taktora.cli import extras, limits, memory, platform, real_time, round_trip
from taktora.cli.finding import Finding, problem

__all__ = ["CHECKS", "Check", "examine"]

Check = Callable[[], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (
    platform.check_python,
    platform.check_platform,
    platform.check_iceoryx2,
    memory.check_shared_memory,
    memory.check_folder,
    memory.check_leftovers,
    round_trip.check_round_trip,
    limits.check_limits,
    real_time.check_real_time,
    extras.check_extras,
)


def examine(checks: Iterable[Check] = CHECKS) -> list[Finding]:
    """What all ``checks`` find. Whatever one of them raises becomes a problem of its own."""
    findings: list[Finding] = []
    for check in checks:
        try:
            findings.extend(check())
        except Exception as error:  # noqa: BLE001  # the doctor must not die of the disease
            topic = check.__name__.removeprefix("check_").replace("_", " ")
            findings.append(
                problem(
                    topic,
                    f"the check failed: {type(error).__name__}: {error}",
                    "look at the problems above first; if there are none, please report this",
                )
            )
    return findings
