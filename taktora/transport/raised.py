"""What the raw objects of a transport raise."""

from __future__ import annotations

from attrs import frozen

__all__ = ["Raised"]


@frozen
class Raised:
    """By what was asked for, the class of the refusal; the ports turn each into an error of ours.

    Named in ``except`` clauses only, so looking one up costs nothing until it is raised.
    """

    loan: type[Exception]
    """A loan."""
    send: type[Exception]
    """Sending a payload or a response."""
    request: type[Exception]
    """Sending a request."""
    receive: type[Exception]
    """Receiving."""
    notify: type[Exception]
    """Telling listeners."""
    listen: type[Exception]
    """Reading a listener."""
    connect: type[Exception]
    """Connecting to the other ports."""
