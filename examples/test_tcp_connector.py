"""The connector of tcp_connector.py keeps the contract of connectors: over real TCP, in real time.

python -m pytest examples/test_tcp_connector.py
"""

import os
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from tcp_connector import TcpConnector, TcpOptions, Word
from tcp_device import Device

from taktora import Executor, Runner
from taktora.connectors import ChannelDescriptor, ExponentialBackoff
from taktora.testing import ConnectorMachine


class TcpMachine(ConnectorMachine):
    values: ClassVar[Any] = st.integers()
    value_type = int
    burst = 20
    patience = 5.0
    link_loses_silently = True  # what TCP has taken is not acknowledged by the device

    def open(self) -> TcpConnector:
        self.device = Device()
        self.executor = Executor(domain=f"tcp-connector-{os.getpid()}")
        self.runner = Runner(self.executor)
        self.runner.__enter__()
        return TcpConnector(
            "device",
            options=TcpOptions(self.device.port, "127.0.0.1"),
            node=self.executor,
            reconnect=ExponentialBackoff(0.01, 0.1),
            heartbeat=0.01,
        )

    def descriptor(self, name: str, max_payload: int) -> ChannelDescriptor[Word]:
        return ChannelDescriptor(name, Word(name.replace("/", "_") or "none"), max_payload)

    def outside_send(self, channel: str, value: int) -> None:
        self.device.say(b"%s %d\n" % (channel.replace("/", "_").encode(), value))

    def outside_received(self, channel: str) -> list[int]:
        split = [line.split() for line in list(self.device.lines)]
        word = channel.replace("/", "_").encode()
        return [int(number) for found, number in split if found == word]

    def break_link(self) -> None:
        self.device.cut()

    def mend_link(self) -> None:
        self.device.mend()

    def shut(self) -> None:
        self.device.cut()
        self.runner.__exit__(None, None, None)
        self.executor.close()


TestTcp = TcpMachine.TestCase
TestTcp.settings = settings(
    max_examples=10,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
