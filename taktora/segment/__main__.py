"""``python -m taktora.segment NIC [N]``: N devices that loop back four bytes, for the time being."""

from __future__ import annotations

import sys

from taktora.segment.loopback import LoopbackDevice
from taktora.segment.segment import Segment
from taktora.segment.wire import Wire


def main() -> None:
    """Serve until interrupted."""
    nic, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    wire = Wire(Segment([LoopbackDevice() for _ in range(count)]), nic)
    print("ready", flush=True)
    try:
        wire.serve()
    except KeyboardInterrupt:
        pass
    finally:
        wire.close()


main()
