"""The channels between the plug-in and the bus."""

from __future__ import annotations

from benchmarks.ethercat.job import Job
from taktora.connectors import ChannelDescriptor
from taktora.connectors.ethercat import Direction, EthercatRouting

__all__ = ["COMMAND", "NAME", "echoes"]

NAME = "bus"

COMMAND = ChannelDescriptor("command", EthercatRouting(1, Direction.RX, 0, 32))
"""The first 4 bytes of outputs of the first SubDevice."""


def echoes(job: Job) -> list[ChannelDescriptor[EthercatRouting]]:
    """All inputs of each SubDevice; those of the first one give the command back."""
    return [
        ChannelDescriptor(
            f"echo {position}", EthercatRouting(position, Direction.TX, 0, job.size * 8)
        )
        for position in range(1, job.subdevices + 1)
    ]
