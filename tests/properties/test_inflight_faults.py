"""The record of planted faults: each of these, planted alone, turns the properties of `World` red.

The histories are the same on every run. Most faults show within a few dozen; the rarest need some hundreds.
"""

from dataclasses import replace

import pytest

from pubsub_tasks.batches import buffer as outbox_module
from pubsub_tasks.inflight import in_flight as inflight_module
from pubsub_tasks.inflight.credit import Credit
from pubsub_tasks.inflight.in_flight import InFlight
from pubsub_tasks.inflight.in_flight_message import IllegalMove, InFlightMessage, State
from pubsub_tasks.inflight.leases import Leases, VisibilityLease
from pubsub_tasks.inflight.settlements import PendingSettlements
from pubsub_tasks.inflight.settling_order import Groups
from pubsub_tasks.inflight.start_order import StartOrder
from pubsub_tasks.verdicts import DeadLetter, Release
from pubsub_tasks.wire.records import MAX_VISIBILITY
from tests.properties.inflight_histories import play_all

real = {
    (owner, name): getattr(owner, name)
    for owner, name in [
        (Credit, "polled"),
        (InFlight, "_give_back"),
        (InFlight, "commands"),
        (InFlight, "finished"),
        (InFlight, "unsettled"),
        (StartOrder, "park"),
        (Groups, "cut"),
        (PendingSettlements, "_due"),
        (PendingSettlements, "put"),
    ]
}


def ends_before_the_letter_is_confirmed(plant):
    def put(self, held, now):
        if held.state is State.SENDING_TO_DEAD_LETTERS:
            held.state = State.DELETING
        real[PendingSettlements, "put"](self, held, now)

    plant(PendingSettlements, "put", put)


def forgets_an_entry_that_failed(plant):
    plant(PendingSettlements, "put_back", lambda self, held, now: None)


def takes_a_refused_letter_for_sent(plant):
    def unsettled(self, members, now):
        letters = [held for held in members if held.state is State.SENDING_TO_DEAD_LETTERS]
        self.dead_lettered(letters, now)
        real[InFlight, "unsettled"](self, [held for held in members if held not in letters], now)

    plant(InFlight, "unsettled", unsettled)


def settles_twice(plant):
    def put(self, held, now):
        real[PendingSettlements, "put"](self, held, now)
        real[PendingSettlements, "put"](self, held, now)

    plant(PendingSettlements, "put", put)


def gives_up_a_delete_whose_lease_ran_out(plant):
    def unsettled(self, members, now):
        for held in [held for held in members if held.hold.until <= now]:
            held.state = State.CHANGING_VISIBILITY
        real[InFlight, "unsettled"](self, members, now)

    plant(InFlight, "unsettled", unsettled)


def writes_a_letter_though_the_lease_is_lost(plant):
    def finished(self, held, verdict, now):
        if isinstance(verdict, DeadLetter):
            self._stop(held, verdict, now)
            self._settle(held, State.SENDING_TO_DEAD_LETTERS, now)
        else:
            real[InFlight, "finished"](self, held, verdict, now)

    plant(InFlight, "finished", finished)


def extends_while_it_settles(plant):
    plant(InFlightMessage, "renewable", property(lambda self: self.state is not State.GONE))


def extends_past_twelve_hours(plant):
    plant(VisibilityLease, "cap", lambda self, now: MAX_VISIBILITY)


def never_resumes_a_lease_after_a_failed_settlement(plant):
    plant(Leases, "resume", lambda self, member, now: None)


def gives_an_extension_up_when_it_fails_once(plant):
    def not_extended(self, members, now):
        for held in members:
            held.extending = False

    plant(InFlight, "not_extended", not_extended)


def looks_at_a_lease_when_it_is_over(plant):
    def hold(self, members, now):
        self.again(members, min((member.hold.until for member in members), default=now))

    plant(Leases, "hold", hold)


def believes_an_extension_from_when_it_was_answered(plant):
    def extended(self, changes, sent_at, now):
        for held, seconds in changes:
            held.extending = False
            held.hold.until = now + seconds
        self._leases.hold([held for held, _ in changes if held.renewable], now)

    plant(InFlight, "extended", extended)


def tells_nobody_of_a_lost_lease(plant):
    plant(Leases, "lose", lambda self, member: setattr(member.hold, "lost", True))


def lets_go_while_an_extension_is_under_way(plant):
    def sendable(self, held, now):
        held.seconds = max(0, round(held.due_at - now))
        return held.state is not State.GONE

    plant(PendingSettlements, "_sendable", sendable)


def tries_again_at_once(plant):
    def sendable(self, held, now):
        held.seconds = 0
        return held.state is not State.GONE and not held.extending

    plant(PendingSettlements, "_sendable", sendable)


def starts_what_has_lapsed(plant):
    def start(self, kind, now):
        held = self._start_order.take(kind)
        if held is not None:
            held.state, held.started_at = State.RUNNING, now
            self._running[kind] += 1
        return held

    plant(InFlight, "start", start)


def starts_a_follower_behind_a_parked_head(plant):
    def park(self, held, at):
        real[StartOrder, "park"](self, held, at)
        self.leave(held)

    plant(StartOrder, "park", park)


def keeps_followers_when_their_head_goes(plant):
    plant(StartOrder, "cut_behind", lambda self, held: [])


def never_frees_a_group(plant):
    plant(StartOrder, "leave", lambda self, held: None)


def sleeps_through_the_next_try(plant):
    plant(StartOrder, "wake_at", lambda self: None)


def counts_no_try_in_hand(plant):
    def commands(self, now):
        for _, _, held in self._start_order._parked:
            if held.state is State.PARKED and held.due_at <= now:
                held.delivery = replace(held.delivery, attempt=held.delivery.attempt - 1)
        return real[InFlight, "commands"](self, now)

    plant(InFlight, "commands", commands)


def runs_in_hand_what_is_to_be_given_back(plant):
    plant(InFlight, "_again", lambda self, held, verdict, now: self._start_order.park(held, now))


def deletes_a_follower_with_its_head(plant):
    plant(Groups, "admits", lambda self, held: True)


def deletes_a_follower_when_its_head_was_sent(plant):
    def due(self, box, now, everything):
        batches = real[PendingSettlements, "_due"](self, box, now, everything)
        for batch in batches:
            for held in batch:
                if held.state is State.DELETING:
                    self.confirmed(held, now)
        return batches

    plant(PendingSettlements, "_due", due)


def deletes_the_followers_of_a_lost_head(plant):
    def cut(self, held):
        while following := self.leave(held):
            held = following
        return []

    plant(Groups, "cut", cut)


def deletes_what_ran_behind_a_lost_head(plant):
    def cut(self, held):
        behind = real[Groups, "cut"](self, held)
        for each in behind:
            each.returns = each.state is not State.RUNNING
        return behind

    plant(Groups, "cut", cut)


def never_deletes_a_follower(plant):
    plant(PendingSettlements, "confirmed", lambda self, held, now: self._groups.leave(held) and None)


def lets_a_batch_grow_to_eleven(plant):
    plant(outbox_module, "MAX_BATCH", 11)


def extends_eleven_at_once(plant):
    plant(inflight_module, "MAX_BATCH", 11)


def counts_credit_without_open_polls(plant):
    def polling(self, asked):
        self.polls += 1

    plant(Credit, "polling", polling)


def keeps_the_credit_of_a_poll_that_failed(plant):
    def polled(self, asked, brought, *rest):
        real[Credit, "polled"](self, asked, brought, *rest)
        self._asked += asked if not brought else 0

    plant(Credit, "polled", polled)


def asks_for_a_few_more_while_some_wait(plant):
    plant(Credit, "ask", lambda self, left, buffered: min(10, left))


def buffers_as_much_as_there_is(plant):
    plant(Credit, "prefetch", property(lambda self: 1000))


def receives_while_draining(plant):
    def drain(self, now):
        self._give_back(list(self._held), now)

    plant(InFlight, "drain", drain)


def starts_while_draining(plant):
    def drain(self, now):
        self.draining = True

    plant(InFlight, "drain", drain)


def gives_back_what_runs(plant):
    def give_back(self, members, now):
        real[InFlight, "_give_back"](self, members, now)
        self._release([held for held in members if held.state is State.RUNNING], now)

    plant(InFlight, "_give_back", give_back)


def forgets_what_a_drain_gives_back(plant):
    def give_back(self, members, now):
        for held in members:
            if held.state is State.READY:
                held.verdict = Release()
                self._forget(held)

    plant(InFlight, "_give_back", give_back)


FAULTS = [
    ends_before_the_letter_is_confirmed,
    forgets_an_entry_that_failed,
    takes_a_refused_letter_for_sent,
    settles_twice,
    gives_up_a_delete_whose_lease_ran_out,
    writes_a_letter_though_the_lease_is_lost,
    extends_while_it_settles,
    extends_past_twelve_hours,
    never_resumes_a_lease_after_a_failed_settlement,
    gives_an_extension_up_when_it_fails_once,
    looks_at_a_lease_when_it_is_over,
    believes_an_extension_from_when_it_was_answered,
    tells_nobody_of_a_lost_lease,
    lets_go_while_an_extension_is_under_way,
    tries_again_at_once,
    starts_what_has_lapsed,
    starts_a_follower_behind_a_parked_head,
    keeps_followers_when_their_head_goes,
    never_frees_a_group,
    sleeps_through_the_next_try,
    counts_no_try_in_hand,
    runs_in_hand_what_is_to_be_given_back,
    deletes_a_follower_with_its_head,
    deletes_a_follower_when_its_head_was_sent,
    deletes_the_followers_of_a_lost_head,
    deletes_what_ran_behind_a_lost_head,
    never_deletes_a_follower,
    lets_a_batch_grow_to_eleven,
    extends_eleven_at_once,
    counts_credit_without_open_polls,
    keeps_the_credit_of_a_poll_that_failed,
    asks_for_a_few_more_while_some_wait,
    buffers_as_much_as_there_is,
    receives_while_draining,
    starts_while_draining,
    gives_back_what_runs,
    forgets_what_a_drain_gives_back,
]


HISTORIES = 1500
"""More than three times as many as the rarest of them needs."""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_is_caught(fault, monkeypatch):
    fault(monkeypatch.setattr)

    with pytest.raises((AssertionError, IllegalMove, LookupError, ValueError)):
        play_all(range(HISTORIES))
