"""The private parts of pykka that we stand on are there, and shaped as we rely on."""

from __future__ import annotations

import inspect
from pathlib import Path

import pykka
import pytest
from pykka import messages
from pykka._introspection import get_attr_directly

import taktora

pytestmark = pytest.mark.rule("ACT-24")


def parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


def test_the_stop_message_is_an_empty_value_of_its_own_class() -> None:
    assert messages._ActorStop() == messages._ActorStop()
    assert messages._ActorStop._fields == ()


def test_proxy_messages_carry_what_we_read() -> None:
    assert messages.ProxyCall._fields == ("attr_path", "args", "kwargs")
    assert messages.ProxyGetAttr._fields == ("attr_path",)
    assert messages.ProxySetAttr._fields == ("attr_path", "value")


def test_get_attr_directly_walks_a_path() -> None:
    assert parameters(get_attr_directly) == ["root", "attr_path"]
    assert get_attr_directly(pykka, ("messages", "ProxyCall")) is messages.ProxyCall
    assert get_attr_directly(pykka, ()) is pykka


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        ("_create_actor_inbox", []),
        ("_create_future", []),
        ("_start_actor_loop", ["self"]),
        ("_handle_receive", ["self", "message"]),
        ("on_start", ["self"]),
        ("on_stop", ["self"]),
        ("on_failure", ["self", "exception_type", "exception_value", "traceback"]),
        ("on_receive", ["self", "message"]),
        ("stop", ["self"]),
    ],
)
def test_the_hooks_that_we_override_or_call_have_these_parameters(
    hook: str, expected: list[str]
) -> None:
    assert parameters(getattr(pykka.Actor, hook)) == expected
    assert parameters(getattr(taktora.Actor, hook)) == expected


def test_those_three_hooks_are_all_that_an_implementor_must_give() -> None:
    assert pykka.Actor.__abstractmethods__ == {
        "_create_actor_inbox",
        "_create_future",
        "_start_actor_loop",
    }
    assert not taktora.Actor.__abstractmethods__


def test_our_constructor_sets_all_that_pykkas_does() -> None:
    assert set(vars(pykka.ThreadingActor())) <= set(vars(taktora.Actor()))


def test_our_ref_has_all_that_pykkas_has() -> None:
    theirs = vars(pykka.ActorRef(pykka.ThreadingActor()))
    assert set(theirs) == {
        "_actor_weakref",
        "actor_class",
        "actor_urn",
        "actor_inbox",
        "actor_stopped",
    }
    assert set(theirs) <= set(vars(taktora.Actor().actor_ref))
    for name in ("tell", "ask", "stop", "proxy", "is_alive"):
        ours = inspect.signature(getattr(taktora.ActorRef, name))
        assert list(ours.parameters) == parameters(getattr(pykka.ActorRef, name))


def test_a_proxy_finds_its_actor_through_the_ref() -> None:
    source = inspect.getsource(pykka.ActorProxy.__init__)
    assert "actor_ref._actor_weakref()" in source
    assert "actor_ref.is_alive()" in source
    assert parameters(pykka.ActorProxy) == ["actor_ref", "attr_path"]


def test_a_future_keeps_its_hook_and_result_where_we_look() -> None:
    future: pykka.Future[int] = pykka.Future()
    assert future._get_hook is None
    assert "_get_hook_result" in vars(future)
    future.set_get_hook(lambda _: 1)
    assert future._get_hook is not None


def test_handle_receive_knows_proxy_messages_and_hands_on_the_rest() -> None:
    class Probe(taktora.Actor):
        attribute = 1

        def on_receive(self, message: object) -> object:
            return ("received", message)

    actor = Probe()
    assert actor._handle_receive("x") == ("received", "x")
    assert actor._handle_receive(messages.ProxyGetAttr(("attribute",))) == 1


def test_only_one_file_imports_private_parts_of_pykka() -> None:
    root = Path(taktora.__file__).parent
    files = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if "pykka._" in path.read_text() or "_ActorStop" in path.read_text()
    }
    assert files == {"actors/actor.py"}


def test_pykka_is_pinned_to_the_version_that_these_tests_know() -> None:
    pyproject = Path(taktora.__file__).parents[1] / "pyproject.toml"
    assert '"pykka>=4.5,<5"' in pyproject.read_text()
