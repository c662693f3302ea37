"""Does the suite bite? Faults planted in the worker, each of which must turn a named test red.

Those of the pure core, `InFlight`, are planted where its properties are tested.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from pubsub_tasks.dispatching import dispatcher
from pubsub_tasks.dispatching.unknown_messages import UnknownMessages
from pubsub_tasks.in_flight.commands import ChangeVisibility
from pubsub_tasks.in_flight.leases import VisibilityLease
from pubsub_tasks.in_flight.settling_order import SettlingOrder
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.processes import service
from pubsub_tasks.tasks.retry_policy import RetryPolicy
from pubsub_tasks.verdicts import Ack, DeadLetter, Drop
from pubsub_tasks.worker import receiver, settler
from pubsub_tasks.worker.message_processor import MessageProcessor
from pubsub_tasks.worker.receiver import Receiver
from pubsub_tasks.worker.settler import Settler
from tests.faults import test_batches, test_fuzz, test_peers, test_time
from tests.faults.test_batches import REFUSALS

Plant = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Mutation:
    """A fault, and the test that must not survive it."""

    fault: str
    plant: Plant
    scenario: Callable[[], None]


def instead(target: Any, name: str, value: Any) -> Plant:
    """Plant a value or function."""
    return lambda monkeypatch: monkeypatch.setattr(target, name, value)


def around(target: Any, name: str, change: Callable[..., Any]) -> Plant:
    """Plant a function that is given the sound one first."""
    sound = getattr(target, name)
    return instead(target, name, lambda *args, **kwargs: change(sound, *args, **kwargs))


def refused(action: str, refusal: str) -> Callable[[], None]:
    return lambda: test_batches.test_refused_entries_are_not_forgotten(
        action, REFUSALS[refusal], lambda line: None
    )


def foreign() -> None:
    for body in test_peers.FOREIGN:
        test_peers.test_a_foreign_message_goes_to_the_dead_letter_queue_byte_for_byte(body)


def foreign_without_redrive_policy() -> None:
    for body in test_peers.FOREIGN:
        test_peers.test_a_foreign_message_on_a_queue_without_redrive_policy_stays(body)


def killed_again_and_again() -> None:
    try:
        test_peers.test_a_message_that_kills_its_process_does_not_do_so_for_ever()
    except KeyboardInterrupt as interrupt:
        raise AssertionError("it killed once more") from interrupt


def delete_before_send(sound: Any, self: Settler, members: Any) -> None:
    self._queue.delete([held.delivery.record.receipt_handle for held in members])
    sound(self, members)


def strict(record: Any, lease: Any, **options: Any) -> Any:
    delivery = decode_record(record, lease, **options)
    if delivery.defect is not None:
        raise delivery.defect
    return delivery


def too_sure_of_its_lease(sound: Any, self: Receiver, record: Any, now: float) -> Any:
    held = sound(self, record, now)
    held.lease = VisibilityLease(now, 10 * self._visibility, self._clock)
    return held


def without_its_lane(sound: Any, self: Receiver, record: Any, now: float) -> Any:
    held = sound(self, record, now)
    held.start_group = None
    return held


def never_letting_go(sound: Any, self: Settler, command: Any) -> None:
    if isinstance(command, ChangeVisibility):
        with self._coordinator as inflight:
            inflight.settled(command.messages, self._clock())
    else:
        sound(self, command)


def tidied(sound: Any, *args: Any, **kwargs: Any) -> Any:
    letter = sound(*args, **kwargs)
    try:
        return letter._replace(body=json.dumps(json.loads(letter.body), separators=(",", ":")))
    except (ValueError, RecursionError):
        return letter


def without_attributes(sound: Any, *args: Any, **kwargs: Any) -> Any:
    letter = sound(*args, **kwargs)
    return letter._replace(attributes={"dead_letter": letter.attributes["dead_letter"]})


def without_reason(sound: Any, delivery: Any, verdict: DeadLetter, **kwargs: Any) -> Any:
    return sound(delivery, replace(verdict, reason=""), **kwargs)  # type: ignore[arg-type]


def nobody_failed(sound: Any, *args: Any) -> Any:
    done, failed, lost = sound(*args)
    return [*done, *failed], [], lost


def answers_mixed_up(sound: Any, self: Settler, *args: Any) -> Any:
    return sound(self, *args)[::-1]


def dropped_for_want_of_a_queue(
    sound: Any, self: MessageProcessor, held: Any, verdict: Any, started: float
) -> Any:
    if isinstance(verdict, DeadLetter) and not self._has_dead_letter_queue:
        verdict = Drop("nowhere to put it")
    return sound(self, held, verdict, started)


MUTATIONS = [
    Mutation(
        "dispatch acknowledges what raised",
        instead(dispatcher, "verdict_on_error", lambda *_: Ack()),
        test_peers.test_an_exception_without_a_retry_policy_loses_nothing,
    ),
    Mutation(
        "dispatch acknowledges unknown media types",
        instead(UnknownMessages, "verdict", lambda *_: Ack()),
        test_peers.test_in_a_rolling_deploy_the_old_worker_leaves_a_new_task_to_the_new_one,
    ),
    Mutation(
        "dispatch acknowledges what it cannot read",
        instead(dispatcher, "verdict_on_unreadable", lambda defect: Ack()),
        test_peers.test_one_bad_body_in_a_batch_harms_no_neighbour,
    ),
    Mutation(
        "dispatch takes no notice of attempts that nobody reported",
        instead(RetryPolicy, "exhausted_before", lambda *_: False),
        killed_again_and_again,
    ),
    Mutation(
        "dispatch takes receives by workers that did not know a type for crashes",
        instead(UnknownMessages, "expects_idle_receives", lambda *_: False),
        test_peers.test_in_a_rolling_deploy_the_old_worker_leaves_a_new_task_to_the_new_one,
    ),
    Mutation(
        "dispatch lets messages go round for ever",
        instead(dispatcher, "verdict_if_outdated", lambda *_: None),
        test_peers.test_a_message_that_went_through_too_many_hops_is_kept,
    ),
    Mutation(
        "handling drops what has no dead-letter queue to go to",
        around(MessageProcessor, "_finish", dropped_for_want_of_a_queue),
        foreign_without_redrive_policy,
    ),
    Mutation(
        "settling deletes before it sends the letter",
        around(Settler, "_send_to_dead_letters", delete_before_send),
        partial(
            test_batches.test_a_process_killed_while_it_dead_letters_loses_nothing, "SendMessageBatch", 1
        ),
    ),
    Mutation(
        "settling forgets letters that were refused",
        instead(
            Settler,
            "_send",
            lambda self, letters: [None for _ in self._dead_letters.queue.send(letters)],
        ),
        refused("SendMessageBatch", "the service's fault"),
    ),
    Mutation(
        "settling forgets deletes that were refused",
        around(settler, "_sort", nobody_failed),
        refused("DeleteMessageBatch", "the service's fault"),
    ),
    Mutation(
        "settling takes a call that failed for one that worked",
        instead(
            Settler,
            "_answers",
            lambda self, call, count, call_health: [None] * count,
        ),
        test_peers.test_a_throttled_delete_is_tried_again,
    ),
    Mutation(
        "settling mixes up whose answer is whose",
        around(Settler, "_answers", answers_mixed_up),
        refused("SendMessageBatch", "the sender's fault"),
    ),
    Mutation(
        "settling does not give back",
        around(Settler, "carry_out", never_letting_go),
        test_peers.test_what_was_received_and_not_started_is_given_back_at_shutdown,
    ),
    Mutation(
        "settling never extends a lease",
        instead(
            Settler,
            "_extend",
            lambda self, changes: None,
        ),
        test_peers.test_a_handler_that_takes_longer_than_the_visibility_timeout_runs_once,
    ),
    Mutation(
        "settling tells nobody of a lost lease",
        instead(Settler, "_report_lost", lambda *_: None),
        test_time.test_a_handler_that_outlives_its_lease_while_the_api_throttles_is_told_and_its_success_counts,
    ),
    Mutation(
        "receiving fails for the whole batch where one record is bad",
        instead(receiver, "decode_record", strict),
        test_peers.test_one_bad_body_in_a_batch_harms_no_neighbour,
    ),
    Mutation(
        "receiving believes a lease to be longer than it is",
        around(Receiver, "_open", too_sure_of_its_lease),
        test_peers.test_a_handler_that_takes_longer_than_the_visibility_timeout_runs_once,
    ),
    Mutation(
        "receiving takes no notice of groups",
        around(Receiver, "_open", without_its_lane),
        test_peers.test_what_stands_behind_a_failed_head_of_a_group_is_neither_run_nor_deleted,
    ),
    Mutation(
        "settling deletes a follower of a group in the call of its head",
        instead(SettlingOrder, "admit", lambda self, held: True),
        test_peers.test_a_crash_between_the_deletes_of_a_group_brings_back_none_after_a_later_one_is_gone,
    ),
    Mutation("a letter's body is written anew", around(service, "build_dead_letter", tidied), foreign),
    Mutation(
        "a letter loses its message's attributes",
        around(service, "build_dead_letter", without_attributes),
        test_fuzz.test_a_few_hostile_messages_have_one_fate_each,
    ),
    Mutation(
        "a letter tells no reason",
        around(service, "build_dead_letter", without_reason),
        test_fuzz.test_a_few_hostile_messages_have_one_fate_each,
    ),
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.fault)
def test_a_planted_fault_turns_a_test_red(mutation: Mutation, monkeypatch: pytest.MonkeyPatch) -> None:
    mutation.scenario()
    mutation.plant(monkeypatch)
    with pytest.raises((AssertionError, ValueError)):
        mutation.scenario()
