"""AL status codes in words (register 0x0134; ETG.1020, table of AL status codes)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

__all__ = ["AL_STATUS", "al_status_text"]

AL_STATUS: Final = MappingProxyType(
    {
        0x0000: "no error",
        0x0001: "unspecified error",
        0x0002: "out of memory",
        0x0003: "its device setup is invalid",
        0x0004: "its revisions do not match",
        0x0006: "its firmware does not fit its EEPROM",
        0x0007: "its firmware update failed",
        0x000E: "licence error",
        0x0011: "there is no such change of state",
        0x0012: "it knows no such state",
        0x0013: "it has no bootstrap",
        0x0014: "its firmware is not valid",
        0x0015: "mailbox setup for BOOT is not valid",
        0x0016: "mailbox setup for PRE-OP is not valid",
        0x0017: "SyncManager setup is not valid",
        0x0018: "it has no valid inputs",
        0x0019: "it has no valid outputs",
        0x001A: "synchronisation error",
        0x001B: "SyncManager watchdog: no outputs came in time",
        0x001C: "SyncManager types are not valid",
        0x001D: "output SyncManager is not set up as its PDOs are mapped",
        0x001E: "input SyncManager is not set up as its PDOs are mapped",
        0x001F: "watchdog setup is not valid",
        0x0020: "it needs a cold start",
        0x0021: "it needs to go to INIT",
        0x0022: "it needs to go to PRE-OP",
        0x0023: "it needs to go to SAFE-OP",
        0x0024: "input mapping is not valid",
        0x0025: "output mapping is not valid",
        0x0026: "settings contradict each other",
        0x0027: "it has no free-run mode",
        0x0028: "synchronisation mode is not supported",
        0x0029: "free-run mode needs a buffer of three",
        0x002A: "background watchdog",
        0x002B: "it has neither valid inputs nor outputs",
        0x002C: "fatal synchronisation error",
        0x002D: "no SYNC signal came",
        0x002E: "cycle time is too short for it",
        0x0030: "SYNC settings of distributed clocks are not valid",
        0x0031: "latch settings of distributed clocks are not valid",
        0x0032: "distributed clocks: PLL error",
        0x0033: "distributed clocks: input and output are not synchronous",
        0x0034: "distributed clocks: time-out",
        0x0035: "distributed clocks: cycle time is not valid",
        0x0036: "SYNC0 cycle time does not fit it",
        0x0037: "SYNC1 cycle time does not fit it",
        0x0041: "AoE mailbox error",
        0x0042: "EoE mailbox error",
        0x0043: "CoE mailbox error",
        0x0044: "FoE mailbox error",
        0x0045: "SoE mailbox error",
        0x004F: "VoE mailbox error",
        0x0050: "it has no access to its EEPROM",
        0x0051: "EEPROM error",
        0x0052: "an external device is not ready",
        0x0060: "it was restarted from within",
        0x0061: "its identification has changed",
        0x0070: "its modules are not the ones that were detected",
        0x00F0: "its application is available again",
    }
)
"""What each code means."""


def al_status_text(code: int) -> str:
    """``code`` in words; empty for 0."""
    if not code:
        return ""
    return AL_STATUS.get(code) or (
        "an error of its maker's own" if code >= 0x8000 else "a code that ETG.1020 does not list"
    )
