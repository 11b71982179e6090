"""Another MainDevice than ours: KickCAT's, in a process of its own, as it may crash.

``python kickcat_master.py NIC``: prints a line for each thing that has worked.
"""

from __future__ import annotations

import sys
from datetime import timedelta

import kickcat

LINK_TIMEOUT = timedelta(milliseconds=50)  # its own is too short for a simulator on the same CPUs
PATIENCE = timedelta(seconds=10)
CYCLES = 200


def main(nic: str) -> None:
    link = kickcat.create_link(nic, "")
    link.set_timeout(LINK_TIMEOUT / 2)  # of which looking for SubDevices takes a hundred
    bus = kickcat.Bus(link)
    bus.init(timedelta(milliseconds=100))
    link.set_timeout(LINK_TIMEOUT)
    slaves = bus.slaves()
    say("found", len(slaves))
    bus.create_mapping()
    say("mapped", *(f"{one.output_size}/{one.input_size}" for one in slaves))
    bus.request_state(kickcat.State.SAFE_OP)
    bus.wait_for_state(kickcat.State.SAFE_OP, PATIENCE)
    for one in slaves:
        one.set_output_bytes(bytes(one.output_size))
    bus.process_data()
    bus.request_state(kickcat.State.OPERATIONAL)
    bus.wait_for_state(kickcat.State.OPERATIONAL, PATIENCE, bus.process_data)
    say("operational")
    for turn in range(CYCLES):
        sent = [
            bytes((turn + n + k) % 256 for k in range(one.output_size))
            for n, one in enumerate(slaves)
        ]
        for one, data in zip(slaves, sent, strict=True):
            one.set_output_bytes(data)
        for _ in range(2):
            bus.process_data()  # raises where the working counter is not what it expects
        assert [one.input_data for one in slaves] == sent
    say("exchanged", CYCLES)
    found = bus.read_sdo(slaves[0], 0x1018, 1, kickcat.Access.PARTIAL, 4, timedelta(seconds=1))
    say("vendor", found.hex())


def say(*what: object) -> None:
    print(*what, flush=True)


main(sys.argv[1])
