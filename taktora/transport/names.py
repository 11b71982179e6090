"""Names are checked before a transport sees them, and refused with the reason."""

from __future__ import annotations

import os
import re
from typing import Final

from taktora.errors import InvalidName
from taktora.transport.text import is_plain

__all__ = [
    "CHANNEL_EVENT",
    "DOMAIN_VARIABLE",
    "REQUEST_EVENT",
    "RESPONSE_EVENT",
    "check_channel_name",
    "check_domain",
    "check_node_name",
    "check_service_name",
]

CHANNEL_EVENT: Final = ".__taktora_event"
"""Suffix of the event service beside a channel."""

REQUEST_EVENT: Final = ".__taktora_req_event"
"""Suffix of the event service that wakes servers."""

RESPONSE_EVENT: Final = ".__taktora_resp_event"
"""Suffix of the event service that wakes clients."""

DOMAIN_VARIABLE: Final = "TAKTORA_DOMAIN"
"""Environment variable that names the domain when the program does not."""

_RESERVED: Final = "iox2://"
_LONGEST_SERVICE: Final = 255
_LONGEST_NODE: Final = 128
_LONGEST_DOMAIN: Final = 32  # it becomes part of a Unix socket path, which has 108 bytes
_DOMAIN: Final = re.compile(r"[A-Za-z0-9-]+")


def check_channel_name(name: object) -> str:
    """``name`` as a channel name, or :class:`~taktora.errors.InvalidName`."""
    return _check_service(name, "channel", CHANNEL_EVENT)


def check_service_name(name: object) -> str:
    """``name`` as a service name, or :class:`~taktora.errors.InvalidName`."""
    return _check_service(name, "service", RESPONSE_EVENT)


def _check_service(name: object, what: str, suffix: str) -> str:
    if not isinstance(name, str):
        raise InvalidName(f"{what} name must be a str, not {name!r} ({type(name).__name__})")
    longest = _LONGEST_SERVICE - len(suffix)
    if not name:
        raise InvalidName(f"{what} name must not be empty")
    if len(name) > longest:
        raise InvalidName(
            f"{what} name must have at most {longest} characters, not {len(name)}: {name[:40]!r}…"
        )
    if not is_plain(name) or name.startswith(_RESERVED):
        raise InvalidName(
            f"iceoryx2 cannot use the {what} name {name!r}; use ASCII characters, no NUL, and do "
            f"not begin with {_RESERVED!r}, which it keeps to itself"
        )
    return name


def check_node_name(name: object) -> str:
    """``name`` as a node name, or :class:`~taktora.errors.InvalidName`."""
    if not isinstance(name, str):
        raise InvalidName(f"node name must be a str, not {name!r} ({type(name).__name__})")
    if len(name) > _LONGEST_NODE:
        raise InvalidName(
            f"node name must have at most {_LONGEST_NODE} characters, not {len(name)}: "
            f"{name[:40]!r}…"
        )
    if not is_plain(name):
        raise InvalidName(
            f"iceoryx2 cannot use the node name {name!r}; use ASCII characters, no NUL"
        )
    return name


def check_domain(domain: object) -> str | None:
    """``domain``, or the environment's when it is ``None``; ``None`` is iceoryx2's own default.

    Raises:
        InvalidName: empty, longer than 32 characters, or other than letters, digits and ``-``.
    """
    origin = "domain"
    if domain is None:
        domain = os.environ.get(DOMAIN_VARIABLE) or None
        origin = f"domain (from the environment variable {DOMAIN_VARIABLE})"
        if domain is None:
            return None
    if not isinstance(domain, str):
        raise InvalidName(f"{origin} must be a str, not {domain!r} ({type(domain).__name__})")
    if len(domain) > _LONGEST_DOMAIN or not _DOMAIN.fullmatch(domain):
        raise InvalidName(
            f"{origin} must be 1 to {_LONGEST_DOMAIN} letters, digits or '-', not {domain!r}"
        )
    return domain
