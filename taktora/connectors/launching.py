"""How the process of a gateway is started, and what its end means."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

from taktora.errors import ConnectorError

__all__ = ["command", "environment", "how_it_ended"]


def command(name: str) -> list[str]:
    """Of a fresh interpreter; ``name`` is there for whoever lists processes.

    Raises:
        ConnectorError: there is no interpreter to start, as where one is embedded.
    """
    if not sys.executable:
        raise ConnectorError(
            "a gateway's own process needs a Python interpreter to start, and sys.executable names "
            "none; keep the gateway here, or start `taktora gateway` by hand"
        )
    shown = "".join(one for one in name if one.isprintable())
    return [sys.executable, "-P", "-m", "taktora.connectors.gateway_process", shown]


def environment(domain: str | None) -> dict[str, str]:
    """This process's, with what makes the other one find taktora, and its domain."""
    found = dict(os.environ)
    found.pop("TAKTORA_DOMAIN", None)
    if domain is not None:
        found["TAKTORA_DOMAIN"] = domain
    root = str(Path(__file__).parents[2])
    path = found.get("PYTHONPATH", "")
    found["PYTHONPATH"] = f"{path}{os.pathsep}{root}" if path else root
    return found


def how_it_ended(code: int, printed: Iterable[str]) -> str:
    """In words: ``was killed by SIGKILL``. ``code``: its exit code, or the signal's, negative."""
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:  # a real-time signal
            name = f"signal {-code}"
        return f"was killed by {name}"
    if code == 0:
        return "was ended by somebody else"
    last = next((line for line in reversed(list(printed)) if line.strip()), "")
    return f"ended with exit code {code}{f': {last}' if last else ''}"
