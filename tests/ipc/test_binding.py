"""What is assumed of the binding, of numpy's presence and of the log."""

from __future__ import annotations

import logging

import iceoryx2 as iox
import pytest

from taktora.errors import InvalidArgument, IpcError, WrongType
from taktora.ipc import _binding, set_log_level


@pytest.mark.rule("CHAN-60")
def test_every_private_name_of_the_binding_exists():
    for owner, names in _binding.PRIVATE_NAMES.items():
        for name in names:
            assert callable(getattr(owner, name)), f"{owner.__name__}.{name}"


@pytest.mark.rule("CHAN-60")
def test_a_binding_without_them_is_refused_by_name(monkeypatch):
    monkeypatch.setitem(_binding.PRIVATE_NAMES, iox.Publisher, ("__renamed",))
    with pytest.raises(IpcError, match=r"Publisher.__renamed"):
        _binding._check_names()


@pytest.mark.rule("CHAN-61")
@pytest.mark.parametrize(
    "level",
    [
        "trace",
        "DEBUG",
        "Info",
        "warn",
        "warning",
        "error",
        "fatal",
        "critical",
        5,
        logging.INFO,
        logging.CRITICAL,
        iox.LogLevel.Error,
    ],
)
def test_a_log_level_can_be_named_in_several_ways(level):
    try:
        set_log_level(level)
    finally:
        set_log_level("error")


@pytest.mark.rule("CHAN-61")
@pytest.mark.parametrize(
    ("level", "error"),
    [
        ("loud", InvalidArgument),
        ("", InvalidArgument),
        (11, InvalidArgument),
        (None, WrongType),
        (True, WrongType),
        (1.5, WrongType),
    ],
)
def test_a_bad_log_level_is_refused(level, error):
    with pytest.raises(error, match="log level"):
        set_log_level(level)


@pytest.mark.rule("CHAN-61")
def test_importing_prints_nothing(script):
    assert script("import taktora.ipc; n = taktora.ipc.Node(); n.close()") == ""


@pytest.mark.rule("CHAN-08")
def test_everything_but_numpy_works_without_numpy(script):
    output = script(
        """
from importlib.machinery import PathFinder
find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *rest: None if name == "numpy" else find(name, *rest)
from taktora.errors import MissingExtra, UnsupportedPayload
from taktora.ipc import Node
with Node() as node:
    channel = node.channel("c", bytes)
    publisher, subscriber = channel.publisher(), channel.subscriber()
    publisher.send_copy(b"abc")
    sample = subscriber.take()
    assert sample.payload == b"abc"
    try:
        sample.numpy()
    except MissingExtra as error:
        print(error)
    try:
        node.channel("d", object)
    except UnsupportedPayload as error:
        print("refused")
"""
    )
    assert output == "this needs numpy: pip install 'taktora[numpy]'\nrefused\n"


@pytest.mark.rule("CHAN-08")
def test_taktora_itself_imports_numpy_only_when_it_is_used(script):
    output = script(
        """
import sys
import iceoryx2  # its flatbuffers package imports numpy when there is one
for name in [name for name in sys.modules if name.partition(".")[0] == "numpy"]:
    del sys.modules[name]
import taktora.ipc
print("numpy" in sys.modules)
"""
    )
    assert output == "False\n"
