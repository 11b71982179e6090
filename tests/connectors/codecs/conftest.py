"""The codecs that are under test."""

from __future__ import annotations

import pytest

from taktora.connectors.codecs import CborCodec, JsonCodec, MsgpackCodec

STRUCTURED = (JsonCodec, MsgpackCodec, CborCodec)


@pytest.fixture(params=STRUCTURED, ids=lambda made: made.format_name)
def codec(request: pytest.FixtureRequest):
    """Each codec that carries values of classes."""
    return request.param()
