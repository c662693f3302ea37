"""Random histories of a `World`, each identified by a number that reproduces it on any machine.

They consist of the same events as Hypothesis's state machine, at a tenth of the cost: enough of them find
rare faults.
"""

from random import Random

from pubsub_tasks.in_flight.in_flight_message import Limits, SlotKind
from pubsub_tasks.verdicts import Ack, DeadLetter, Drop, Release, Retry
from tests.properties.inflight_world import World

WAITS = [0.0, 0.3, 7.0, 60.0, 900.0, 901.0, 50_000.0]
SECONDS = [0.0, 0.05, 0.2, 1.0, 5.0, 300.0, 1000.0]
LEASES = [0.1, 0.3, 0.45, 0.6, 1.1]
"""Durations, in seconds and in lengths of a lease."""


def limits(chance):
    threads = chance.choice([1, 2, 3, 12])
    coroutines = chance.choice([0, 0, 1, 2])
    return Limits(
        threads, coroutines, 4, chance.choice([None, 0, 3, 12]), chance.choice([2, 30, 30, 7200, 43_200])
    )


def verdict(chance):
    retry = Retry(chance.choice(WAITS))
    return chance.choice([Ack(), Ack(), Drop("unwanted"), DeadLetter("failed"), retry, retry])


def some_time(chance, world):
    return chance.choice(
        [*SECONDS, *(share * world.limits.visibility for share in LEASES if world.now < 1e6)]
    )


def send(chance, world):
    kind = SlotKind.COROUTINE if world.limits.coroutines and chance.random() < 0.4 else SlotKind.THREAD
    for _ in range(chance.randint(1, 12)):
        world.send(chance.randint(0, 1), kind)


def poll(chance, world):
    world.poll()


def end_poll(chance, world):
    if world.polls:
        fate = chance.choice(["ok", "ok", "ok", "ok", "failed", "silent"])
        world.end_poll(chance.randint(0, 9), fate, chance.choice([1, 3, 10, 10]))


def finish(chance, world):
    for _ in range(chance.choice([1, 1, 1, 12])):
        if running := world._where("running"):
            world.finish(chance.choice(running), verdict(chance))


def give_up(chance, world):
    if running := world._where("running"):
        if chance.random() < 0.5:
            world.finish(chance.choice(running), Release())
        else:
            world.abandon(chance.choice(running), verdict(chance))


def hands(chance, world):
    world.take_commands()


def act(chance, world):
    if world.wire:
        call = chance.choice(world.wire)
        refused = {chance.randint(0, 9) for _ in range(chance.choice([0, 0, 1, 3]))}
        world.act(call, chance.choice(["ok", "ok", "silent", "never"]), refused)
        if chance.random() < 0.5:
            world.answer(call)


def answer(chance, world):
    if answered := [call for call in world.wire if call.answers]:
        world.answer(chance.choice(answered))


def advance(chance, world):
    world.advance(some_time(chance, world), chance.choice(["fair", "fair", "foul", "slow"]))


def stall(chance, world):
    world.stall(some_time(chance, world))


def drain(chance, world):
    if not world.draining:
        world.drain()


def crash(chance, world):
    world.crash()


MOVES = {
    send: 10,
    poll: 13,
    end_poll: 15,
    finish: 18,
    give_up: 2,
    hands: 10,
    act: 13,
    answer: 6,
    advance: 9,
    stall: 2,
    drain: 1,
    crash: 1,
}


def play(number, moves=60):
    """Play one history to its end. Raises AssertionError if a property does not hold."""
    chance = Random(number)
    world = World(limits(chance), fifo=chance.random() < 0.6)
    for move in chance.choices(list(MOVES), list(MOVES.values()), k=chance.randint(5, moves)):
        move(chance, world)
    world.settle_down()


def play_all(numbers, moves=60):
    """Play many histories, one after the other, until one fails."""
    for number in numbers:
        play(number, moves)
