"""pykka's promises about ``ActorProxy`` and ``CallableProxy``, on plain actors and on items."""

from __future__ import annotations

import threading
from typing import Any

import pykka
import pytest

import taktora
from tests.actors.conftest import LIMIT
from tests.runtimes import eventually

pytestmark = [pytest.mark.rule("ACT-06"), pytest.mark.virtual]


class Playback:
    pykka_traversable = True

    def __init__(self) -> None:
        self.volume = 3

    def play(self) -> str:
        return "playing"


class Body:
    """What actor and item have in common."""

    colour = "red"

    def prepare(self) -> None:
        self.count = 0
        self.playback = Playback()
        self.marked = pykka.traversable(type("Marked", (), {"value": 9})())
        self.failures: list[object] = []
        self.failed = threading.Event()
        self._private = 1

    def add(self, n: int, *, times: int = 1) -> int:
        self.count += n * times
        return self.count

    def boom(self) -> None:
        raise ValueError("boom")

    @property
    def doubled(self) -> int:
        return self.count * 2

    @property
    def picky(self) -> int:
        return self.count

    @picky.setter
    def picky(self, value: int) -> None:
        if value < 0:
            raise ValueError("negative")
        self.count = value

    def on_failure(self, *info: object) -> None:
        self.failures.append(info[1])
        self.failed.set()


class BodyActor(Body, taktora.Actor):
    def __init__(self) -> None:
        super().__init__()
        self.prepare()


class BodyItem(Body, taktora.Item):
    def __init__(self) -> None:
        self.prepare()


@pytest.fixture
def ref(running: taktora.Executor, kind: str) -> taktora.ActorRef[Any]:
    if kind == "actor":
        return running.spawn(BodyActor)
    return running.add(BodyItem, supervision=taktora.Supervision.resume())


@pytest.fixture
def proxy(ref: taktora.ActorRef[Any]) -> Any:
    return ref.proxy()


def test_reading_an_attribute_or_property_gives_a_future(proxy: Any) -> None:
    assert isinstance(proxy.colour, taktora.Promise)
    assert proxy.colour.get(timeout=LIMIT) == "red"
    assert proxy.count.get(timeout=LIMIT) == 0
    assert proxy.doubled.get(timeout=LIMIT) == 0


def test_a_method_is_a_callable_proxy_and_its_call_a_future(proxy: Any) -> None:
    assert type(proxy.add).__name__ == "CallableProxy"
    assert proxy.add(2, times=3).get(timeout=LIMIT) == 6
    assert proxy.count.get(timeout=LIMIT) == 6


def test_a_call_whose_future_is_thrown_away_is_done_all_the_same(proxy: Any) -> None:
    proxy.add(5)
    assert proxy.count.get(timeout=LIMIT) == 5


def test_the_exception_of_a_call_is_raised_by_get_and_the_actor_lives_on(proxy: Any) -> None:
    with pytest.raises(ValueError, match="boom"):
        proxy.boom().get(timeout=LIMIT)
    assert proxy.count.get(timeout=LIMIT) == 0


def test_setting_an_attribute_waits_until_it_is_set_and_raises(proxy: Any) -> None:
    proxy.count = 4
    assert proxy.count.get(timeout=LIMIT) == 4
    proxy.picky = 5
    with pytest.raises(ValueError, match="negative"):
        proxy.picky = -1
    assert proxy.count.get(timeout=LIMIT) == 5


def test_defer_returns_nothing_and_does_it(proxy: Any) -> None:
    assert proxy.add.defer(2) is None
    assert proxy.count.get(timeout=LIMIT) == 2


def test_a_deferred_call_that_raises_calls_on_failure(
    running: taktora.Executor, ref: taktora.ActorRef[Any], kind: str
) -> None:
    failed = ref.proxy().failed.get(timeout=LIMIT)
    ref.proxy().boom.defer()
    eventually(running, failed)
    if kind == "actor":
        eventually(running, ref.actor_stopped)
    else:  # an item stays an actor: supervision decides
        assert ref.is_alive()
        assert [str(e) for e in ref.proxy().failures.get(timeout=LIMIT)] == ["boom"]


def test_traversable_attributes_are_walked_through(proxy: Any) -> None:
    assert proxy.playback.play().get(timeout=LIMIT) == "playing"
    assert proxy.playback.volume.get(timeout=LIMIT) == 3
    proxy.playback.volume = 4
    assert proxy.playback.volume.get(timeout=LIMIT) == 4
    assert proxy.marked.value.get(timeout=LIMIT) == 9


def test_private_and_unknown_attributes_are_not_there(proxy: Any) -> None:
    for name in ("_nothing", "nothing"):
        with pytest.raises(AttributeError):
            getattr(proxy, name)
    assert "_private" not in dir(proxy)
    assert {"add", "colour", "playback"} <= set(dir(proxy))


def test_an_attribute_that_comes_later_is_found(proxy: Any) -> None:
    proxy.later = 1
    assert proxy.later.get(timeout=LIMIT) == 1


def test_two_proxies_of_one_actor_are_equal(ref: taktora.ActorRef[Any]) -> None:
    assert ref.proxy() == ref.proxy()
    assert hash(ref.proxy()) == hash(ref.proxy())
    assert ref.proxy().actor_ref is ref


def test_a_proxy_made_before_its_actor_died_answers_actor_dead(
    ref: taktora.ActorRef[Any], proxy: Any
) -> None:
    ref.stop(timeout=LIMIT)
    with pytest.raises(pykka.ActorDeadError):
        proxy.count.get()
    with pytest.raises(pykka.ActorDeadError):
        proxy.add(1).get()
    with pytest.raises(pykka.ActorDeadError):
        proxy.add.defer(1)
    with pytest.raises(pykka.ActorDeadError):
        proxy.count = 1


def test_proxy_messages_can_be_sent_without_a_proxy(ref: taktora.ActorRef[Any]) -> None:
    ref.tell(pykka.messages.ProxyCall(attr_path=("add",), args=(1,), kwargs={"times": 2}))
    ref.ask(pykka.messages.ProxySetAttr(attr_path=("colour",), value="blue"), timeout=LIMIT)
    assert ref.ask(pykka.messages.ProxyGetAttr(attr_path=("count",)), timeout=LIMIT) == 2
    assert ref.ask(pykka.messages.ProxyGetAttr(attr_path=("colour",)), timeout=LIMIT) == "blue"


def test_work_given_to_ones_own_proxy_is_done_behind_what_waits(running: taktora.Executor) -> None:
    class Cooperating(taktora.Actor):
        def __init__(self) -> None:
            super().__init__()
            self._later = self.actor_ref.proxy()
            self.done: list[str] = []
            self.finished = threading.Event()

        def work(self, gate: threading.Event) -> None:
            gate.wait(LIMIT)
            self._later.more()
            self.done.append("work")

        def more(self) -> None:
            self.done.append("more")
            self.finished.set()

        def other(self) -> None:
            self.done.append("other")

    proxy = running.spawn(Cooperating).proxy()
    gate, finished = threading.Event(), proxy.finished.get(timeout=LIMIT)
    proxy.work(gate)
    proxy.other()
    gate.set()
    eventually(running, finished)
    assert proxy.done.get(timeout=LIMIT) == ["work", "other", "more"]
