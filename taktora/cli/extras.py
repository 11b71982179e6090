"""Which optional packages are installed, and how to get the others."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from taktora.cli.finding import Finding, note, ok

__all__ = ["EXTRAS", "check_extras", "check_raw_sockets", "judge_extra", "judge_raw_sockets"]

EXTRAS = {
    "numpy": "numpy",
    "ethercat": "pysoem",
    "zenoh": "eclipse-zenoh",
    "testing": "hypothesis",
    "otel": "opentelemetry-sdk",
    "cli": "rich",
    "replay": "mcap",
    "msgpack": "msgpack",
    "cbor": "cbor2",
    "fast": "isal",
}
"""Extra: the distribution that it installs."""


def check_extras() -> Iterator[Finding]:
    """One finding per extra."""
    for extra, distribution in EXTRAS.items():
        try:
            found = version(distribution)
        except PackageNotFoundError:
            found = None
        yield judge_extra(extra, distribution, found)
        if extra == "ethercat":
            yield from check_raw_sockets(installed=found is not None)


def judge_extra(extra: str, distribution: str, found: str | None) -> Finding:
    """``found``: its version, ``None`` when it is not installed."""
    topic = f"extra {extra}"
    if found is None:
        return note(topic, f"{distribution} is not installed", f"pip install 'taktora[{extra}]'")
    return ok(topic, f"{distribution} {found}")


def check_raw_sockets(*, installed: bool) -> Iterator[Finding]:
    """EtherCAT frames go through a raw socket."""
    if not hasattr(socket, "AF_PACKET"):
        return
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    except OSError as error:
        yield judge_raw_sockets(error.strerror or str(error), installed=installed)
    else:
        yield judge_raw_sockets(None, installed=installed)


def judge_raw_sockets(refusal: str | None, *, installed: bool) -> Finding:
    """Refused raw sockets matter to those only who have the EtherCAT extra."""
    if refusal is None:
        return ok("raw sockets", "allowed (CAP_NET_RAW)")
    if not installed:
        return ok("raw sockets", f"refused: {refusal} (only EtherCAT needs them)")
    return note(
        "raw sockets",
        f"refused: {refusal}",
        "EtherCAT needs CAP_NET_RAW: run as root, sudo setcap cap_net_raw+ep on the real path of "
        "this Python (readlink -f), or docker run --cap-add=net_raw",
    )
