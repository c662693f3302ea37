"""The app of the storms: its one task leaves a trace in the ledger, and takes its time when told to.

`pubsub-worker --app tests.faults.effects:for_processes` serves it with the ledger that the environment names.
"""

import asyncio
import os
from threading import Event

from marshmallow import fields
from tenacity import stop_after_attempt, wait_none

from pubsub_tasks import Delivery, PubSubMessageSchema, Reject, Tasks, task
from tests.faults.ledger import Ledger, from_environment, is_rejected

PACE = "FAULTS_PACE"
"""Seconds that each effect takes, as the environment says."""

COROUTINE = "FAULTS_COROUTINE"
"""Set in the environment where the task is to be a coroutine."""


class Effect(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.faults.pubsub._.created.effect"

    number = fields.Integer(required=True)


def effects(ledger: Ledger, pace: float = 0.0, *, coroutine: bool = False) -> Tasks:
    """A registry with the one task, which rejects one message in eight.

    The others are tried for ever: what fails in a storm must not be given up.
    """
    tasks = Tasks()
    declare = task(Effect, tasks=tasks, stop=stop_after_attempt(1_000), wait=wait_none())
    never = Event()

    def effect(number: int, delivery: Delivery) -> None:
        _begin(ledger, number, delivery)
        if pace:
            never.wait(pace)
        ledger.done(number, delivery.attempt)

    async def async_effect(number: int, delivery: Delivery) -> None:
        _begin(ledger, number, delivery)
        await asyncio.sleep(pace)
        ledger.done(number, delivery.attempt)

    declare(async_effect if coroutine else effect)
    return tasks


def for_processes() -> Tasks:
    """What a worker process serves."""
    return effects(from_environment(), float(os.environ[PACE]), coroutine=bool(os.environ[COROUTINE]))


def _begin(ledger: Ledger, number: int, delivery: Delivery) -> None:
    ledger.begin(number, delivery.attempt)
    if is_rejected(number):
        raise Reject("as its number says")
