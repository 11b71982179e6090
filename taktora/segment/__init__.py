"""A software EtherCAT segment: SubDevices that answer on a network interface, without hardware.

For a SubDevice of one's own: subclass :class:`OwnDevice`, declare :class:`Signal`, and name the class in a
segment file, ``type = "my_module:MyDevice"``.
"""

from __future__ import annotations

from taktora.segment.config import SegmentDescription, build, load_segment
from taktora.segment.device import Device, Identity
from taktora.segment.hook import OwnDevice
from taktora.segment.signals import Signal
from taktora.segment.waves import Wave

__all__ = [
    "Device",
    "Identity",
    "OwnDevice",
    "SegmentDescription",
    "Signal",
    "Wave",
    "build",
    "load_segment",
]
