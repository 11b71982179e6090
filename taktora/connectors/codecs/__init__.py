"""Codecs that come with taktora: one file per format."""

from __future__ import annotations

from taktora.connectors.codecs.cbor import CborCodec
from taktora.connectors.codecs.finding import codec
from taktora.connectors.codecs.json import JsonCodec
from taktora.connectors.codecs.msgpack import MsgpackCodec
from taktora.connectors.codecs.raw import RawCodec

__all__ = ["CborCodec", "JsonCodec", "MsgpackCodec", "RawCodec", "codec"]
