"""Planted faults: each one alone makes the properties of `World` fail.

The histories are the same on every run. Most faults show within a few dozen; the rarest need some hundreds.
"""

from dataclasses import replace

import pytest

from pubsub_tasks.batches import buffer as outbox_module
from pubsub_tasks.in_flight import state_machine as inflight_module
from pubsub_tasks.in_flight.in_flight_message import IllegalMove, InFlightMessage, State
from pubsub_tasks.in_flight.leases import Leases, VisibilityLease
from pubsub_tasks.in_flight.prefetch import Credit
from pubsub_tasks.in_flight.settlements import PendingSettlements
from pubsub_tasks.in_flight.settling_order import SettlingOrder
from pubsub_tasks.in_flight.start_order import StartOrder
from pubsub_tasks.in_flight.state_machine import InFlight
from pubsub_tasks.verdicts import DeadLetter, Release
from pubsub_tasks.wire.records import MAX_VISIBILITY
from tests.properties.inflight_histories import play_all

real = {
    (owner, name): getattr(owner, name)
    for owner, name in [
        (Credit, "poll_finished"),
        (InFlight, "_give_back"),
        (InFlight, "commands"),
        (InFlight, "finished"),
        (InFlight, "settle_failed"),
        (StartOrder, "park"),
        (SettlingOrder, "truncate"),
        (PendingSettlements, "_due"),
        (PendingSettlements, "put"),
    ]
}


def deletes_before_the_dead_letter_is_confirmed(plant):
    def put(self, message, now):
        if message.state is State.SENDING_TO_DEAD_LETTERS:
            message.state = State.DELETING
        real[PendingSettlements, "put"](self, message, now)

    plant(PendingSettlements, "put", put)


def forgets_a_failed_entry(plant):
    plant(PendingSettlements, "put_back", lambda self, message, now: None)


def takes_a_refused_dead_letter_for_sent(plant):
    def settle_failed(self, members, now):
        letters = [message for message in members if message.state is State.SENDING_TO_DEAD_LETTERS]
        self.dead_lettered(letters, now)
        real[InFlight, "settle_failed"](self, [message for message in members if message not in letters], now)

    plant(InFlight, "settle_failed", settle_failed)


def settles_twice(plant):
    def put(self, message, now):
        real[PendingSettlements, "put"](self, message, now)
        real[PendingSettlements, "put"](self, message, now)

    plant(PendingSettlements, "put", put)


def gives_up_a_delete_whose_lease_expired(plant):
    def settle_failed(self, members, now):
        for message in [message for message in members if message.lease.until <= now]:
            message.state = State.CHANGING_VISIBILITY
        real[InFlight, "settle_failed"](self, members, now)

    plant(InFlight, "settle_failed", settle_failed)


def sends_a_dead_letter_without_the_lease(plant):
    def finished(self, message, verdict, now):
        if isinstance(verdict, DeadLetter):
            self._stop(message, verdict, now)
            self._settle(message, State.SENDING_TO_DEAD_LETTERS, now)
        else:
            real[InFlight, "finished"](self, message, verdict, now)

    plant(InFlight, "finished", finished)


def extends_while_it_settles(plant):
    plant(InFlightMessage, "renewable", property(lambda self: self.state is not State.GONE))


def extends_past_twelve_hours(plant):
    plant(VisibilityLease, "longest_extension", lambda self, now: MAX_VISIBILITY)


def never_resumes_a_lease_after_a_failed_settlement(plant):
    plant(Leases, "resume", lambda self, member, now: None)


def gives_up_extending_after_one_failure(plant):
    def extend_failed(self, members, now):
        for message in members:
            message.extending = False

    plant(InFlight, "extend_failed", extend_failed)


def checks_a_lease_only_when_it_expires(plant):
    def watch(self, members, now):
        self.watch_at(members, min((member.lease.until for member in members), default=now))

    plant(Leases, "watch", watch)


def counts_an_extension_from_its_answer(plant):
    def extended(self, changes, sent_at, now):
        for message, seconds in changes:
            message.extending = False
            message.lease.until = now + seconds
        self._leases.watch([message for message, _ in changes if message.renewable], now)

    plant(InFlight, "extended", extended)


def never_reports_a_lost_lease(plant):
    plant(Leases, "mark_lost", lambda self, member: setattr(member.lease, "lost", True))


def changes_visibility_while_an_extension_is_under_way(plant):
    def sendable(self, message, now):
        message.visibility_timeout = max(0, round(message.due_at - now))
        return message.state is not State.GONE

    plant(PendingSettlements, "_sendable", sendable)


def tries_again_without_waiting(plant):
    def sendable(self, message, now):
        message.visibility_timeout = 0
        return message.state is not State.GONE and not message.extending

    plant(PendingSettlements, "_sendable", sendable)


def starts_a_message_whose_lease_has_expired(plant):
    def start(self, kind, now):
        message = self._start_order.take(kind)
        if message is not None:
            message.state, message.started_at = State.RUNNING, now
            self._running[kind] += 1
        return message

    plant(InFlight, "start", start)


def starts_a_follower_behind_a_parked_head(plant):
    def park(self, message, at):
        real[StartOrder, "park"](self, message, at)
        self.remove_head(message)

    plant(StartOrder, "park", park)


def keeps_followers_when_their_head_returns(plant):
    plant(StartOrder, "remove_followers", lambda self, message: [])


def never_frees_a_group(plant):
    plant(StartOrder, "remove_head", lambda self, message: None)


def sleeps_through_the_next_attempt(plant):
    plant(StartOrder, "wake_at", lambda self: None)


def does_not_count_a_parked_attempt(plant):
    def commands(self, now):
        for _, _, message in self._start_order._parked:
            if message.state is State.PARKED and message.due_at <= now:
                message.delivery = replace(message.delivery, attempt=message.delivery.attempt - 1)
        return real[InFlight, "commands"](self, now)

    plant(InFlight, "commands", commands)


def parks_a_message_that_must_be_given_back(plant):
    plant(InFlight, "_retry", lambda self, message, verdict, now: self._start_order.park(message, now))


def deletes_a_follower_with_its_head(plant):
    plant(SettlingOrder, "admit", lambda self, message: True)


def deletes_a_follower_when_its_head_was_sent(plant):
    def due(self, box, now, everything):
        batches = real[PendingSettlements, "_due"](self, box, now, everything)
        for batch in batches:
            for message in batch:
                if message.state is State.DELETING:
                    self.confirmed(message, now)
        return batches

    plant(PendingSettlements, "_due", due)


def deletes_the_followers_of_a_lost_head(plant):
    def truncate(self, message):
        while following := self.remove_head(message):
            message = following
        return []

    plant(SettlingOrder, "truncate", truncate)


def deletes_what_ran_behind_a_lost_head(plant):
    def truncate(self, message):
        behind = real[SettlingOrder, "truncate"](self, message)
        for each in behind:
            each.must_return = each.state is not State.RUNNING
        return behind

    plant(SettlingOrder, "truncate", truncate)


def never_deletes_a_follower(plant):
    plant(
        PendingSettlements,
        "confirmed",
        lambda self, message, now: self._settling_order.remove_head(message) and None,
    )


def lets_a_batch_grow_to_eleven(plant):
    plant(outbox_module, "MAX_BATCH", 11)


def extends_eleven_at_once(plant):
    plant(inflight_module, "MAX_BATCH", 11)


def counts_credit_without_open_polls(plant):
    def poll_started(self, asked):
        self.polls += 1

    plant(Credit, "poll_started", poll_started)


def keeps_the_credit_of_a_poll_that_failed(plant):
    def poll_finished(self, asked, brought, *rest):
        real[Credit, "poll_finished"](self, asked, brought, *rest)
        self._asked += asked if not brought else 0

    plant(Credit, "poll_finished", poll_finished)


def polls_for_less_than_a_batch_while_messages_are_buffered(plant):
    plant(Credit, "poll_size", lambda self, left, buffered: min(10, left))


def prefetches_without_limit(plant):
    plant(Credit, "prefetch", property(lambda self: 1000))


def receives_while_draining(plant):
    def drain(self, now):
        self._give_back(list(self.messages), now)

    plant(InFlight, "drain", drain)


def starts_while_draining(plant):
    def drain(self, now):
        self.draining = True

    plant(InFlight, "drain", drain)


def gives_back_running_messages(plant):
    def give_back(self, members, now):
        real[InFlight, "_give_back"](self, members, now)
        self._release([message for message in members if message.state is State.RUNNING], now)

    plant(InFlight, "_give_back", give_back)


def forgets_unstarted_messages_on_drain(plant):
    def give_back(self, members, now):
        for message in members:
            if message.state is State.READY:
                message.verdict = Release()
                self._remove(message)

    plant(InFlight, "_give_back", give_back)


FAULTS = [
    deletes_before_the_dead_letter_is_confirmed,
    forgets_a_failed_entry,
    takes_a_refused_dead_letter_for_sent,
    settles_twice,
    gives_up_a_delete_whose_lease_expired,
    sends_a_dead_letter_without_the_lease,
    extends_while_it_settles,
    extends_past_twelve_hours,
    never_resumes_a_lease_after_a_failed_settlement,
    gives_up_extending_after_one_failure,
    checks_a_lease_only_when_it_expires,
    counts_an_extension_from_its_answer,
    never_reports_a_lost_lease,
    changes_visibility_while_an_extension_is_under_way,
    tries_again_without_waiting,
    starts_a_message_whose_lease_has_expired,
    starts_a_follower_behind_a_parked_head,
    keeps_followers_when_their_head_returns,
    never_frees_a_group,
    sleeps_through_the_next_attempt,
    does_not_count_a_parked_attempt,
    parks_a_message_that_must_be_given_back,
    deletes_a_follower_with_its_head,
    deletes_a_follower_when_its_head_was_sent,
    deletes_the_followers_of_a_lost_head,
    deletes_what_ran_behind_a_lost_head,
    never_deletes_a_follower,
    lets_a_batch_grow_to_eleven,
    extends_eleven_at_once,
    counts_credit_without_open_polls,
    keeps_the_credit_of_a_poll_that_failed,
    polls_for_less_than_a_batch_while_messages_are_buffered,
    prefetches_without_limit,
    receives_while_draining,
    starts_while_draining,
    gives_back_running_messages,
    forgets_unstarted_messages_on_drain,
]


HISTORIES = 1500
"""Histories: more than three times as many as the rarest fault needs."""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_is_caught(fault, monkeypatch):
    fault(monkeypatch.setattr)

    with pytest.raises((AssertionError, IllegalMove, LookupError, ValueError)):
        play_all(range(HISTORIES))
