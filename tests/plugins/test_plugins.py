"""Plug-ins are found by their metadata, listed without being imported, and loaded by name."""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import EntryPoint

import pytest

from taktora.errors import MissingExtra, UnknownPlugin
from taktora.plugins import Plugin, find, installed
from tests.plugins.distributions import ROOT, Site

GROUP = "taktora_test.codecs"


@pytest.mark.rule("PLUG-01")
def test_every_plugin_of_a_group_is_listed_with_who_brings_it(site: Site):
    site.install("our-thing", {GROUP: {"b": "our_b:B", "a": "our_a:A"}, "other": {"c": "c:C"}})
    site.install("their-thing", {GROUP: {"c": "their_c:C"}}, "2.5")
    found = installed(GROUP)
    assert list(found) == ["a", "b", "c"]
    assert [(one.name, one.group, one.distribution, one.version) for one in found.values()] == [
        ("a", GROUP, "our-thing", "1.0"),
        ("b", GROUP, "our-thing", "1.0"),
        ("c", GROUP, "their-thing", "2.5"),
    ]
    assert installed("taktora_test.nothing") == {}


@pytest.mark.rule("PLUG-02")
def test_listing_imports_nothing_and_loading_does(site: Site):
    site.install("ours", {GROUP: {"a": "plug_a:thing"}}, plug_a="thing = object()")
    plugin = installed(GROUP)["a"]
    assert "plug_a" not in sys.modules
    try:
        assert plugin.load() is sys.modules["plug_a"].thing
        assert plugin.missing is None
    finally:
        del sys.modules["plug_a"]


@pytest.mark.rule("PLUG-03")
def test_an_unknown_name_is_an_error_that_tells_what_there_is(site: Site):
    site.install("ours", {GROUP: {"protobuf": "p:P", "capnp": "c:C"}})
    assert find(GROUP, "capnp").name == "capnp"
    with pytest.raises(UnknownPlugin) as caught:
        find(GROUP, "protobuff")
    assert str(caught.value) == (
        "no codec is called 'protobuff'; did you mean 'protobuf'? (installed: capnp, protobuf)"
    )
    with pytest.raises(UnknownPlugin, match=r"no thing is called 'x' \(none is installed\)"):
        find("taktora_test.things", "x")


@pytest.mark.rule("PLUG-04")
def test_what_a_plugin_needs_and_is_not_there_is_a_fact_of_it(site: Site):
    site.install(
        "ours",
        {GROUP: {"needy": "plug_needy:Needy", "importing": "plug_importing:X", "well": "plug_w:f"}},
        plug_needy="class Needy:\n    requires = {'json': 'no', 'no_such_lib': 'ours[fast]'}",
        plug_importing="import no_such_lib\nclass X: pass",
        plug_w="def f(): pass",
    )
    found = installed(GROUP)
    assert found["needy"].missing == "needs no_such_lib: pip install 'ours[fast]'"
    assert found["needy"].load().__name__ == "Needy"
    assert "no_such_lib" in str(found["importing"].missing)
    assert found["well"].missing is None
    with pytest.raises(MissingExtra, match="codec 'importing' of ours: No module named"):
        found["importing"].load()


@pytest.mark.rule("PLUG-05")
@pytest.mark.parametrize(
    ("source", "said"),
    [("1 / 0", "ZeroDivisionError"), ("def f(", "SyntaxError"), ("pass", "AttributeError")],
)
def test_a_plugin_that_is_broken_harms_no_other(site: Site, source: str, said: str):
    site.install(
        "ours",
        {GROUP: {"broken": "plug_broken:x", "fine": "plug_fine:x"}},
        plug_broken=source,
        plug_fine="x = 1",
    )
    found = installed(GROUP)
    assert found["fine"].load() == 1
    assert said in str(found["broken"].missing)
    with pytest.raises(UnknownPlugin, match=rf"'broken' of ours cannot be loaded .*{said}"):
        found["broken"].load()
    for module in ("plug_broken", "plug_fine"):
        sys.modules.pop(module, None)


@pytest.mark.rule("PLUG-06")
def test_a_name_that_two_distributions_bring_is_loaded_from_neither(site: Site):
    site.install("zeta", {GROUP: {"same": "plug_z:x"}}, plug_z="x = 1")
    site.install("alpha", {GROUP: {"same": "plug_a:x"}}, plug_a="x = 2")
    plugin = installed(GROUP)["same"]
    assert (plugin.distribution, plugin.rivals) == ("alpha", ("zeta",))
    with pytest.raises(UnknownPlugin, match="codec 'same' is brought by alpha, zeta"):
        plugin.load()
    assert "uninstall all but one" in str(plugin.missing)


@pytest.mark.rule("PLUG-01")
def test_entry_points_can_be_given():
    entry = EntryPoint("a", "tests.plugins.distributions:ROOT", GROUP)
    plugin = find(GROUP, "a", entry_points=lambda group: [entry] if group == GROUP else [])
    assert plugin == Plugin("a", GROUP, "unknown", "unknown", entry_point=entry)
    assert plugin.load() == ROOT
    assert repr(plugin) == (
        f"Plugin(name='a', group='{GROUP}', distribution='unknown', version='unknown', rivals=())"
    )


@pytest.mark.rule("PLUG-07")
def test_what_comes_with_taktora_is_found_like_all_others(site: Site):
    site.install_taktora()
    site.install("theirs", {"taktora.codecs": {"theirs": "t:T"}})
    codecs = installed("taktora.codecs")
    assert {"json", "msgpack", "cbor", "raw", "theirs"} <= set(codecs)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for name in ("json", "msgpack", "cbor", "raw"):
        assert (codecs[name].distribution, codecs[name].version) == ("taktora", version)
        assert codecs[name].load().format_name == name
        assert codecs[name].missing is None
    assert installed("taktora.connectors")["loopback"].distribution == "taktora"


@pytest.mark.rule("PLUG-04")
@pytest.mark.parametrize(("name", "module"), [("msgpack", "msgpack"), ("cbor", "cbor2")])
def test_a_missing_extra_of_taktora_is_a_fact(
    site: Site, monkeypatch: pytest.MonkeyPatch, name: str, module: str
):
    site.install_taktora()
    monkeypatch.setitem(sys.modules, module, None)
    plugin = installed("taktora.codecs")[name]
    assert plugin.missing == f"needs {module}: pip install 'taktora[{name}]'"
