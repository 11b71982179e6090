"""What is public is found in one place, and brings along nothing that is not needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

import taktora.connectors


def test_every_public_name_is_there() -> None:
    names = taktora.connectors.__all__
    assert names == sorted(names)
    assert all(hasattr(taktora.connectors, name) for name in names)
    assert set(names) <= set(dir(taktora.connectors))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = taktora.connectors.nonsense


def test_what_is_called_codec_is_the_function() -> None:
    from taktora.connectors import JsonCodec, codec

    assert isinstance(codec("json"), JsonCodec)


def test_importing_it_brings_neither_iceoryx2_nor_an_extra() -> None:
    code = """
import sys, taktora.connectors
print([name for name in ("iceoryx2", "msgpack", "cbor2", "hypothesis") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
