"""InFlight keeps its promises in any order of events (see `World`)."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from pubsub_tasks.in_flight.in_flight_message import Limits, SlotKind
from pubsub_tasks.verdicts import Ack, DeadLetter, Drop, Release, Retry
from tests.properties.inflight_histories import LEASES, SECONDS, WAITS, play_all
from tests.properties.inflight_world import World

indexes = st.integers(0, 9)
times = st.tuples(
    st.sampled_from(SECONDS), st.sampled_from([0.0, *LEASES])
)  # seconds, and lengths of a lease
verdicts = st.one_of(
    st.just(Ack()),
    st.just(Drop("unwanted")),
    st.just(DeadLetter("failed")),
    st.builds(Retry, st.sampled_from(WAITS)),
)


class Worlds(RuleBasedStateMachine):
    @initialize(
        fifo=st.booleans(),
        threads=st.integers(1, 3),
        coroutines=st.integers(0, 2),
        prefetch=st.sampled_from([None, 0, 3, 12]),
        visibility=st.sampled_from([2, 30, 7200, 43_200]),
    )
    def begin(self, fifo, threads, coroutines, prefetch, visibility):
        self.world = World(Limits(threads, coroutines, 4, prefetch, visibility), fifo)

    @rule(groups=st.lists(st.integers(0, 1), min_size=1, max_size=12), coroutine=st.booleans())
    def send(self, groups, coroutine):
        kind = SlotKind.COROUTINE if coroutine and self.world.limits.coroutines else SlotKind.THREAD
        for group in groups:
            self.world.send(group, kind)

    @rule()
    def poll(self):
        self.world.poll()

    @precondition(lambda self: self.world.polls)
    @rule(
        index=indexes, fate=st.sampled_from(["ok", "ok", "ok", "failed", "silent"]), limit=st.integers(1, 10)
    )
    def end_poll(self, index, fate, limit):
        self.world.end_poll(index, fate, limit)

    @precondition(lambda self: any(self.world.running.values()))
    @rule(index=indexes, verdict=verdicts)
    def finish(self, index, verdict):
        self.world.finish(self.pick(self.world._where("running"), index), verdict)

    @precondition(lambda self: any(self.world.running.values()))
    @rule(index=indexes, verdict=verdicts | st.just(Release()))
    def give_up(self, index, verdict):
        act = self.world.finish if isinstance(verdict, Release) else self.world.abandon
        act(self.pick(self.world._where("running"), index), verdict)

    @rule()
    def hands(self):
        self.world.take_commands()

    @precondition(lambda self: self.world.wire)
    @rule(
        index=indexes,
        fate=st.sampled_from(["ok", "ok", "silent", "never"]),
        refused=st.frozensets(st.integers(0, 9), max_size=3),
        at_once=st.booleans(),
    )
    def act(self, index, fate, refused, at_once):
        call = self.pick(self.world.wire, index)
        self.world.act(call, fate, refused)
        if at_once:
            self.world.answer(call)

    @precondition(lambda self: any(call.answers for call in self.world.wire))
    @rule(index=indexes)
    def answer(self, index):
        self.world.answer(self.pick([call for call in self.world.wire if call.answers], index))

    @rule(time=times, weather=st.sampled_from(["fair", "fair", "foul", "slow"]))
    def advance(self, time, weather):
        self.world.advance(self.seconds(time), weather)

    @rule(time=times)
    def stall(self, time):
        self.world.stall(self.seconds(time))

    @precondition(lambda self: not self.world.draining)
    @rule(really=st.integers(0, 3))
    def drain(self, really):
        if not really:
            self.world.drain()

    @rule(really=st.integers(0, 3))
    def crash(self, really):
        if not really:
            self.world.crash()

    def teardown(self):
        if hasattr(self, "world"):
            self.world.settle_down()

    def seconds(self, time):
        seconds, leases = time
        return seconds + leases * self.world.limits.visibility

    @staticmethod
    def pick(among, index):
        return among[index % len(among)]


class TestInFlight(Worlds.TestCase):
    settings = settings(max_examples=50, stateful_step_count=50, suppress_health_check=list(HealthCheck))


def test_numbered_histories():
    play_all(range(300))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_many_more_histories():
    play_all(range(300, 30_000), moves=100)
