"""Workers that are killed, and workers that are told to stop, at moments that nobody chose."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from tests.faults.conftest import Survived
from tests.faults.crew import Crew, Hand, crew
from tests.faults.ledger import Ledger
from tests.faults.world import World, all_done, judge, until

pytestmark = pytest.mark.timeout(300)  # it waits for processes and leases, on however busy a machine


def kill_storm(
    world: World, ledger: Ledger, *, count: int, kills: int, workers: int = 3, pace: float, seed: int
) -> str:
    """Workers are killed -9 while they work, and replaced; returns what was survived."""
    numbers, chance = range(count), Random(seed)
    world.publish(numbers)
    moments = sorted(chance.sample(range(count // 20, count * 3 // 4), kills))
    in_hand: dict[int, int] = {}
    with crew(world, ledger, pace=pace) as hired:
        at_work = [hired.hire() for _ in range(workers)]
        for moment in moments:
            until(lambda moment=moment: ledger.count() >= moment)
            victim = _one_that_works(at_work, ledger, chance)
            victim.freeze()
            in_hand[victim.pid] = world.in_flight()  # of all workers: no less than it held itself
            victim.kill()
            at_work[at_work.index(victim)] = hired.hire()
        all_done(world, ledger, numbers)
        until(lambda: all(hand.ready for hand in at_work), lambda: [hand.said for hand in at_work])
        assert [hand.terminate() for hand in at_work] == [0] * workers
    told = judge(world, ledger, numbers, excused=sum(in_hand.values()))
    for pid, repeats in _repeats_by_first_doer(ledger).items():
        assert pid in in_hand, f"{pid} was never killed, and {repeats} of its messages were done again"
        assert repeats <= in_hand[pid], f"{repeats} repeats for {in_hand[pid]} in hand when {pid} was killed"
    return f"{kills} of {workers + kills} workers killed -9: {told} by what was in hand"


def _repeats_by_first_doer(ledger: Ledger) -> Counter[int]:
    """How many messages of each process were done again by another after it."""
    return Counter(pid for _, pids in ledger.repeats() for pid in pids[:-1])


def _one_that_works(at_work: Sequence[Hand], ledger: Ledger, chance: Random) -> Hand:
    working: list[Hand] = []

    def some() -> bool:
        working[:] = [hand for hand in at_work if ledger.begun_by(hand.pid)]
        return bool(working)

    until(some, lambda: [hand.said for hand in at_work])
    return chance.choice(working)


def test_killed_workers_lose_nothing(world: World, ledger: Ledger, survived: Survived) -> None:
    survived(kill_storm(world, ledger, count=400, kills=4, pace=0.01, seed=1))


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize(
    ("fifo", "count", "pace"),
    [(False, 20_000, 0.0), (False, 20_000, 0.003), (True, 4_000, 0.003)],
    ids=["quick", "slow", "fifo"],
)
def test_a_long_kill_storm_loses_nothing(
    world: World, ledger: Ledger, fifo: bool, count: int, pace: float, survived: Survived
) -> None:
    world = World(world.url, fifo=fifo)
    survived(kill_storm(world, ledger, count=count, kills=count // 500, pace=pace, seed=2))


def stop_once(world: World, ledger: Ledger, hired: Crew, begun: int) -> None:
    """SIGTERM to the one worker of a queue, once it has begun so many messages."""
    hand = hired.hire()
    until(lambda: ledger.begun_by(hand.pid) >= begun, lambda: hand.said)
    assert hand.terminate() == 0, hand.said
    assert ledger.cut(hand.pid) == [], f"handlers were cut\n{hand.said}"
    assert world.in_flight() == 0, f"leases were not released\n{hand.said}"


class Kind(NamedTuple):
    """A kind of handler; `pace` is seconds."""

    name: str
    pace: float
    coroutine: bool = False


KINDS = [Kind("quick threads", 0.0), Kind("slow threads", 0.01), Kind("coroutines", 0.01, coroutine=True)]


def stop_often(world: World, path: Path, times: int, kind: Kind) -> str:
    """Stop workers of one queue one after the other, each in the middle of its work."""
    chance = Random(times)
    with Ledger(path) as ledger, crew(world, ledger, pace=kind.pace, coroutine=kind.coroutine) as hired:
        published = 0
        for _ in range(times):
            world.publish(range(published, published + 60))
            published += 60
            stop_once(world, ledger, hired, begun=chance.randint(1, 40))
        last = hired.hire()
        all_done(world, ledger, range(published))
        until(lambda: last.ready, lambda: last.said)
        assert last.terminate() == 0
        told = judge(world, ledger, range(published), excused=0)
        return f"{times} stops of {kind.name}: {told}, all leases released"


def stop_each_kind(world: World, tmp_path: Path, times: int, survived: Survived) -> None:
    """Workers of each kind, side by side."""

    def stops(kind: Kind) -> str:
        return stop_often(World(world.url), tmp_path / kind.name.replace(" ", "-"), times, kind)

    with ThreadPoolExecutor(len(KINDS)) as side_by_side:
        for told in list(side_by_side.map(stops, KINDS)):
            survived(told)


def test_workers_told_to_stop_cut_and_lose_nothing(world: World, tmp_path: Path, survived: Survived) -> None:
    stop_each_kind(world, tmp_path, 2, survived)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_workers_told_to_stop_200_times_cut_and_lose_nothing(
    world: World, tmp_path: Path, survived: Survived
) -> None:
    stop_each_kind(world, tmp_path, 67, survived)
