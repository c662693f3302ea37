"""Polls: when the next one is opened, and how it takes turns with the event loop. The clock is a number."""

from collections.abc import Callable

import pytest

from pubsub_tasks.in_flight.commands import Delete, Poll
from pubsub_tasks.in_flight.in_flight_message import InFlightMessage, Limits, SlotKind
from pubsub_tasks.in_flight.polls import TICK, Polls, RunLimit
from pubsub_tasks.in_flight.state_machine import InFlight
from pubsub_tasks.verdicts import Ack
from tests.in_flight.in_flight_messages import make_messages

NOW = 1000.0
BUSY, WAITING = 1.2, 20.0
"""Polls that a core could carry at a time: they mostly use the CPU, or mostly wait for the network."""


class Scene:
    """Coroutine slots, and a full poll that has just returned ten messages for them."""

    def __init__(self, polls_per_core: float = BUSY, takes_turns: bool = True) -> None:
        self.inflight = InFlight(Limits(threads=0, coroutines=100, receivers=1))
        self.polls = Polls(self.inflight, RunLimit(), takes_turns=takes_turns, wait=20)
        assert isinstance(self.polls.open(NOW), Poll)
        self.messages = make_messages(10, kind=SlotKind.COROUTINE, received_at=NOW)
        self.inflight.received(self.messages, 10, NOW, polls_per_core)
        self.polls.loop_has_messages(NOW)

    def start_all(self) -> list[InFlightMessage]:
        started = [self.inflight.start(SlotKind.COROUTINE, NOW) for _ in self.messages]
        self.polls.loop_took(len(started), NOW)
        return self.messages

    def finish_all(self) -> Delete:
        for message in self.start_all():
            self.inflight.finished(message, Ack(), NOW)
        self.polls.loop_took(0, NOW)
        (delete,) = self.inflight.commands(NOW)
        assert isinstance(delete, Delete)
        return delete


def test_the_next_poll_waits_until_the_event_loop_has_started_what_came_and_that_is_deleted() -> None:
    scene = Scene()
    assert scene.polls.open(NOW) is None

    scene.start_all()
    assert scene.polls.open(NOW) is None

    for message in scene.messages:
        scene.inflight.finished(message, Ack(), NOW)
    scene.polls.loop_took(0, NOW)
    assert scene.polls.open(NOW) is None

    (delete,) = scene.inflight.commands(NOW)
    assert scene.polls.open(NOW) is None

    scene.inflight.settled(delete.messages, NOW)
    assert isinstance(scene.polls.open(NOW), Poll)


def test_messages_that_wait_in_their_coroutines_hold_up_no_poll() -> None:
    scene = Scene()
    scene.start_all()

    scene.polls.loop_took(0, NOW)

    assert isinstance(scene.polls.open(NOW), Poll)


def test_a_blocked_event_loop_or_a_slow_delete_holds_up_the_next_poll_for_a_tick() -> None:
    blocked, deleting = Scene(), Scene()
    deleting.finish_all()

    for scene in (blocked, deleting):
        assert scene.polls.open(NOW + TICK / 2) is None
        assert isinstance(scene.polls.open(NOW + TICK), Poll)


def test_what_is_announced_again_does_not_lengthen_the_turn() -> None:
    scene = Scene()

    scene.polls.loop_has_messages(NOW + TICK / 2)

    assert isinstance(scene.polls.open(NOW + TICK), Poll)


@pytest.mark.parametrize("scene", [lambda: Scene(WAITING), lambda: Scene(takes_turns=False)])
def test_over_a_network_and_with_threads_polls_take_no_turns(scene: Callable[[], Scene]) -> None:
    assert isinstance(scene().polls.open(NOW), Poll)


def test_a_pause_lasts_until_its_time_whatever_the_turn() -> None:
    scene = Scene(WAITING)
    scene.polls.pause(NOW + 5)

    assert scene.polls.open(NOW + 4) is None
    assert isinstance(scene.polls.open(NOW + 5), Poll)
