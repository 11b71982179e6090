"""What a SubDevice means when it aborts the transfer of an object, in words. Pure.

SDO abort codes, CiA 301 table 22 and ETG.1000.6 table 41.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["SDO_ABORT", "sdo_abort_text"]

SDO_ABORT: Final[Mapping[int, str]] = {
    0x0503_0000: "the toggle bit of a segment did not alternate",
    0x0504_0000: "it waited too long for the next part of the transfer",
    0x0504_0001: "it does not know this way of transferring",
    0x0504_0005: "it has no memory left",
    0x0601_0000: "it offers no such access to the object",
    0x0601_0001: "it can be written, not read",
    0x0601_0002: "it can be read, not written",
    0x0601_0003: "this subindex cannot be written now: subindex 0 must be set to 0 first",
    0x0601_0004: "it offers no complete access to this object",
    0x0601_0005: "it is longer than its mailbox takes",
    0x0601_0006: "it is mapped into a PDO, and cannot be written while it is",
    0x0602_0000: "there is no such object",
    0x0604_0041: "it cannot be mapped into a PDO",
    0x0604_0042: "the PDOs together would be longer than there is room",
    0x0604_0043: "the parameters do not go together",
    0x0604_0047: "something inside the SubDevice does not go together",
    0x0606_0000: "its hardware failed",
    0x0607_0010: "the length of the data is not the object's",
    0x0607_0012: "the data are longer than the object",
    0x0607_0013: "the data are shorter than the object",
    0x0609_0011: "there is no such subindex",
    0x0609_0030: "the value is out of range",
    0x0609_0031: "the value is too high",
    0x0609_0032: "the value is too low",
    0x0609_0036: "the highest value would be lower than the lowest",
    0x0800_0000: "it does not say why",
    0x0800_0020: "it cannot pass the data to its application",
    0x0800_0021: "it is under local control",
    0x0800_0022: "not in its present state",
    0x0800_0023: "it has no object dictionary, or could not make one",
}
"""Codes that the standards name."""


def sdo_abort_text(code: int, otherwise: str = "") -> str:
    """The code in words; ``otherwise``, where there is one, for a code that is not known."""
    return SDO_ABORT.get(code) or otherwise or "for a reason of its own"
