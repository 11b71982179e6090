"""A connector whose gateway is a process of its own, is killed in the middle, and starts again.

Out goes the speed that a motor is to have; the loopback connector of connectors.toml sends it back.
"""

import os
import subprocess
import sys
from pathlib import Path

from attrs import frozen

from taktora import every, on
from taktora.connectors import ConnectorDown, ConnectorHost, Down
from taktora.connectors.health import words

FILE = str(Path(__file__).with_name("connectors.toml"))
os.environ.setdefault("TAKTORA_DOMAIN", f"connector-line-{os.getpid()}")  # for both processes
GATEWAY = [sys.executable, "-m", "taktora", "gateway", FILE, "--for", "60", "--log-level=error"]


@frozen
class Speed:
    rpm: float


with ConnectorHost.from_file(FILE) as host:
    wanted = host["lab"].create_writer("motor/speed", Speed)
    actual = host["lab"].create_reader("motor/speed", Speed)
    health = host["lab"].subscribe_health()
    gateways = [subprocess.Popen(GATEWAY, stderr=sys.stdout)]

    @every(0.1)
    def control() -> None:
        for event in health:
            print(f"health: {words(event.from_)} -> {words(event.to)}", flush=True)
            if isinstance(event.to, Down):
                gateways.append(subprocess.Popen(GATEWAY, stderr=sys.stdout))
        try:
            wanted.send(Speed(100.0 * (wanted.stats().messages + 1)))
        except ConnectorDown as error:
            print(f"not now: {error}", flush=True)

    @on(actual)
    def measure() -> None:
        for received in actual:
            print(f"gateway {len(gateways)}: {received.value}", flush=True)
            if received.sequence == 4 and len(gateways) == 1:
                gateways[0].kill()  # SIGKILL: it can do nothing about it
            elif received.sequence == 4:
                host.stop()

    host.add(control)
    host.add(measure)
    host.run_for(30)  # at most
    for gateway in gateways:
        gateway.terminate()
        gateway.wait()
    print(f"{wanted.stats().messages} sent, {actual.stats().messages} came back")
