"""Where the gateway of a connector lives."""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

from taktora.errors import InvalidArgument, WrongType

__all__ = ["ELSEWHERE", "HERE", "OWN_PROCESS", "Placement", "check_placement"]

Placement = Literal["here", "own process", "elsewhere"]
"""``"here"``: an actor of the executor that the connector is registered with. ``"own process"``: a
process that the connector starts, keeps alive and ends. ``"elsewhere"``: a process that somebody else
starts, such as ``taktora gateway``."""

HERE: Final = "here"
OWN_PROCESS: Final = "own process"
ELSEWHERE: Final = "elsewhere"


def check_placement(name: str, gateway: Any, in_process: Any, default: Placement) -> Placement:
    """What ``gateway`` says; else what ``in_process`` says, for short; else ``default``.

    Raises:
        InvalidArgument: no such place, or they contradict each other.
        WrongType: ``in_process`` is neither true nor false.
    """
    if in_process is not None and not isinstance(in_process, bool):
        raise WrongType(f"connector {name!r}: in_process must be true or false, not {in_process!r}")
    if gateway is None:
        if in_process is None:
            return default
        return HERE if in_process else ELSEWHERE
    if gateway not in get_args(Placement):
        places = ", ".join(map(repr, get_args(Placement)))
        raise InvalidArgument(
            f"connector {name!r}: gateway must be one of {places}, not {gateway!r}"
        )
    if in_process is not None and in_process != (gateway == HERE):
        raise InvalidArgument(
            f"connector {name!r}: gateway={gateway!r} and in_process={in_process} contradict each "
            f"other; leave in_process out"
        )
    place: Placement = gateway
    return place
