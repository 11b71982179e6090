"""What a connector may be made with."""

from __future__ import annotations

from typing import Any

from taktora.connectors.codec import PayloadCodec
from taktora.connectors.process_attributes import ProcessAttributes
from taktora.errors import InvalidArgument, WrongType
from taktora.time import Duration, Nanos, to_nanos

__all__ = [
    "check_codec",
    "check_name",
    "check_policy",
    "check_process",
    "check_queue",
    "check_signs_of_life",
]


def check_name(name: Any) -> str:
    """The name of a connector, if it can be one."""
    if not isinstance(name, str):
        raise WrongType(f"a connector's name must be a string, not {name!r}")
    if not name:
        raise InvalidArgument("a connector's name must not be empty")
    return name


def check_queue(name: str, queue: Any) -> int:
    """How many frames wait, if there can be so many."""
    if isinstance(queue, bool) or not isinstance(queue, int):
        raise WrongType(f"connector {name!r}: queue must be an integer, not {queue!r}")
    if queue < 1:
        raise InvalidArgument(f"connector {name!r}: queue must be 1 or more, not {queue}")
    return queue


def check_signs_of_life(
    name: str, heartbeat: Duration, stale_after: Duration
) -> tuple[Nanos, Nanos]:
    """Both in nanoseconds; silence must last longer than the pause between two signs of life."""
    pause = to_nanos(heartbeat, what="heartbeat")
    silence = to_nanos(stale_after, what="stale_after")
    if silence <= pause:
        raise InvalidArgument(
            f"connector {name!r}: stale_after ({stale_after!r}) must be longer than heartbeat "
            f"({heartbeat!r})"
        )
    return pause, silence


def check_codec(name: str, codec: Any) -> None:
    """Raise ``WrongType`` unless it is a codec, or ``None``."""
    if codec is not None and not isinstance(codec, PayloadCodec):
        raise WrongType(
            f"connector {name!r}: codec must be an object such as JsonCodec(), not {codec!r}; "
            f'taktora.connectors.codec("json") makes one by its name'
        )


def check_policy(name: str, policy: Any) -> None:
    """Raise ``WrongType`` unless it is a reconnect policy, or ``None``."""
    if policy is not None and not callable(getattr(policy, "next_delay", None)):
        raise WrongType(
            f"connector {name!r}: reconnect must be a policy such as ExponentialBackoff(), not "
            f"{policy!r}"
        )


def check_process(name: str, process: Any) -> ProcessAttributes | None:
    """The attributes of a gateway's process, if they are some."""
    if process is not None and not isinstance(process, ProcessAttributes):
        raise WrongType(f"connector {name!r}: process must be ProcessAttributes, not {process!r}")
    return process
