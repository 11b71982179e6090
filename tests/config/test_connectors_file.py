"""A connectors file: what it becomes, and the mistakes that only the whole shows."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from taktora.connectors import ChannelDescriptor, NoRouting, codecs
from taktora.connectors.resolving import NoOptions, ResolvedFile
from taktora.connectors.settings import Direction
from tests.config.bench import Bench, BenchOptions, BenchRouting, Plain
from tests.config.writing import loaded, problems

ROOT = Path(__file__).parents[2]

FILE = """
domain = "rig-2"
[[connectors]]
name = "lab"
type = "bench"
heartbeat = 0.05
reconnect = { initial = "20 ms", maximum = "2 s", jitter = 0, seed = 1 }
options = { address = "eth0", rate = 2 }
[[connectors.channels]]
name = "motor/speed"
direction = "out"
max_payload = 16
codec = "raw"
routing = { offset = 4 }
[[connectors.channels]]
name = "motor/state"
routing = { offset = 8, signed = true }
[[connectors]]
name = "plain"
type = "loopback"
"""


@pytest.mark.rule("CONF-34", "CONF-33")
def test_what_is_loaded_holds_all_that_a_gateway_needs() -> None:
    found = loaded(FILE, ".toml")
    assert isinstance(found, ResolvedFile)
    assert found.domain == "rig-2"
    lab, plain = found.connectors
    assert (lab.kind, lab.options) == (Bench, BenchOptions("eth0", 2.0))
    assert lab.settings.heartbeat == timedelta(milliseconds=50)
    assert lab.settings.stale_after == timedelta(milliseconds=500)
    speed, state = lab.channels
    assert speed.descriptor == ChannelDescriptor("motor/speed", BenchRouting(4), 16)
    assert isinstance(speed.codec, codecs.RawCodec)
    assert speed.settings.direction is Direction.OUT
    assert state.descriptor == ChannelDescriptor("motor/state", BenchRouting(8, signed=True))
    assert isinstance(state.codec, codecs.JsonCodec)
    assert state.settings.direction is Direction.BOTH
    assert (plain.kind, plain.options, plain.channels) == (Plain, NoOptions(), ())
    policy = lab.settings.reconnect.policy()
    delays = [policy.next_delay() for _ in range(8)]
    assert delays[:2] == [timedelta(milliseconds=20), timedelta(milliseconds=40)]
    assert delays[-1] == timedelta(seconds=2)


@pytest.mark.rule("CONF-33")
def test_a_connector_without_classes_of_its_own_takes_neither_options_nor_routing() -> None:
    text = FILE + 'options = { a = 1 }\nchannels = [{ name = "c", routing = { b = 1 } }]\n'
    assert problems(text) == (
        "connectors[1].options.a: is not known here; there is nothing to set",
        "connectors[1].channels[0].routing.b: is not known here; there is nothing to set",
    )
    plain = FILE + 'channels = [{ name = "c" }]\n'
    found = loaded(plain, ".toml")
    assert isinstance(found, ResolvedFile)
    assert found.connectors[1].channels[0].descriptor.routing == NoRouting()


@pytest.mark.rule("CONF-30")
def test_names_are_there_once_whichever_connector_they_are_of() -> None:
    text = FILE.replace('"motor/state"', '"motor/speed"').replace('"plain"', '"lab"')
    assert problems(text + 'channels = [{ name = "motor/speed" }]') == (
        (
            'connectors[0].channels[1].name: is "motor/speed", as connectors[0].channels[0] is, and '
            "both would be the same channel of iceoryx2; take another"
        ),
        'connectors[1].name: is "lab", as connectors[0] is; take another',
        (
            'connectors[1].channels[0].name: is "motor/speed", as connectors[0].channels[0] is, and '
            "both would be the same channel of iceoryx2; take another"
        ),
    )


@pytest.mark.rule("CONF-36")
def test_a_checksum_is_one_of_three_and_auto_unless_it_says_so() -> None:
    said = [("", "auto"), *((f"checksum = '{one}'", one) for one in ("auto", "frame", "header"))]
    for line, meant in said:
        found = loaded(FILE + line, ".toml")
        assert isinstance(found, ResolvedFile)
        assert found.connectors[1].settings.checksum == meant
    (wrong,) = problems(FILE + "checksum = 'headr'")
    assert wrong.startswith('connectors[1].checksum: is "headr"')
    assert '"header"' in wrong


@pytest.mark.rule("CONF-31")
def test_silence_is_longer_than_the_time_between_two_signs_of_life() -> None:
    (said,) = problems(FILE + "heartbeat = 2")
    assert said == (
        "connectors[1].stale_after: is 500 ms, and must be longer than heartbeat (2 s), or a "
        'gateway that is well counts as gone; try "10 s"'
    )
    assert problems(FILE + 'heartbeat = "499 ms"') == ()
    assert problems(FILE + 'reconnect = { initial = "31 s" }') == (
        "connectors[1].reconnect.maximum: is 30 s, and must not be below initial (31 s)",
    )


@pytest.mark.rule("CONF-32")
def test_what_is_not_installed_is_told_with_what_the_lookup_says() -> None:
    text = FILE.replace('"loopback"', '"zenoh"').replace('"raw"', '"rae"')
    assert problems(text) == (
        "connectors[0].channels[0].codec: no codec is called 'rae' (installed: json, raw)",
        "connectors[1].type: needs zenoh: pip install 'taktora[zenoh]'",
    )
    assert problems(FILE.replace('"loopback"', '"broken"')) == (
        "connectors[1].type: is refused by its class: RuntimeError: it broke while it was loaded",
    )


def test_a_file_without_connectors_is_a_mistake() -> None:
    assert problems("") == ("connectors: is missing, and must be a list",)
    assert problems("connectors = []") == ("connectors: is empty, and must not be",)


@pytest.mark.rule("CONF-34")
def test_a_file_is_read_where_iceoryx2_cannot_be_imported(tmp_path: Path) -> None:
    """On the machine of who writes it, say."""
    path = tmp_path / "connectors.toml"
    path.write_text(FILE)
    code = (
        "import sys; sys.modules['iceoryx2'] = None\n"
        "from taktora.connectors.resolving import load_connectors\n"
        "from tests.config.bench import Shelf\n"
        f"print(load_connectors({str(path)!r}, lookup=Shelf()).domain)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("rig-2\n", "")
