"""The connector of tcp_connector.py keeps the contract of connectors: over real TCP, in real time.

python -m pytest examples/test_tcp_connector.py
"""

from typing import Any

from tcp_connector import TcpConnector, TcpOptions, Word
from tcp_device import Device

from taktora.testing import connector_test


def oven(device: Device, **options: Any) -> TcpConnector:
    return TcpConnector("oven", options=TcpOptions(device.port, "127.0.0.1"), **options)


TestTcp = connector_test(oven, Device, values=int, routing=Word, link_loses_silently=True)
