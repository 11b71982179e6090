"""A codec is made by its name, a third party's as taktora's own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from attrs import frozen

from taktora.connectors import PayloadCodec
from taktora.connectors.codecs import codec
from taktora.errors import MissingExtra, UnknownPlugin
from tests.plugins.distributions import Site

REVERSING = """
from taktora.connectors import BytesCodec, CodecError

class Reversing(BytesCodec):
    format_name = "reversed"

    def __init__(self, encoding="utf-8"):
        self.encoding = encoding

    def dumps(self, value):
        if not isinstance(value, str):
            raise CodecError(self.format_name, "only text")
        return value[::-1].encode(self.encoding)

    def decode(self, data, type):
        return str(data, self.encoding)[::-1]

def nothing():
    return None
"""


@frozen
class Reading:
    number: int


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    found = Site(tmp_path, monkeypatch)
    found.install_taktora()
    return found


@pytest.mark.rule("CODEC-21")
@pytest.mark.parametrize("name", ["json", "msgpack", "cbor"])
def test_taktoras_codecs_are_made_by_name(site: Site, name: str):
    made = codec(name)
    assert isinstance(made, PayloadCodec)
    assert made.format_name == name
    assert made.decode(memoryview(made.dumps({"number": 1})), Reading) == Reading(1)
    lenient = codec(name, forbid_extra_keys=False)
    more = memoryview(lenient.dumps({"number": 1, "more": 2}))
    assert lenient.decode(more, Reading) == Reading(1)
    assert codec("raw").format_name == "raw"


@pytest.mark.rule("CODEC-21")
def test_a_third_partys_codec_works_by_entry_point(site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "reversing", raising=False)
    entries = {"reversed": "reversing:Reversing", "nothing": "reversing:nothing"}
    site.install("reversing", {"taktora.codecs": entries}, reversing=REVERSING)
    made = codec("reversed", encoding="latin-1")
    buffer = bytearray(10)
    size = made.encode("abcü", memoryview(buffer))
    assert bytes(buffer[:size]) == "ücba".encode("latin-1")
    assert made.decode(memoryview(bytes(buffer[:size])), str) == "abcü"
    with pytest.raises(UnknownPlugin, match="codec 'nothing' of reversing makes None"):
        codec("nothing")


@pytest.mark.rule("CODEC-21")
def test_a_name_that_is_not_installed_is_an_error_with_near_misses(site: Site):
    with pytest.raises(UnknownPlugin, match=r"no codec is called 'jsn'; did you mean 'json'"):
        codec("jsn")


@pytest.mark.rule("CODEC-18")
def test_a_codec_whose_package_is_missing_is_told_by_name(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "msgpack", None)
    with pytest.raises(MissingExtra, match=r"pip install 'taktora\[msgpack\]'"):
        codec("msgpack")
