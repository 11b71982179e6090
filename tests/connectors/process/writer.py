"""A process with a writer, and nothing else: ``python writer.py DOMAIN CHANNEL``."""

from __future__ import annotations

import sys

from taktora.connectors import ChannelDescriptor, RemoteConnector
from taktora.ipc import Node

domain, channel = sys.argv[1:]
with Node(domain=domain) as node, RemoteConnector("gate", node=node) as connector:
    writer = connector.create_writer(ChannelDescriptor(channel, max_payload=64), bytes)
    print("ready", flush=True)
    sys.stdin.readline()
