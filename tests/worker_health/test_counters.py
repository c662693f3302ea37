"""Counters and their one-line summary."""

from pubsub_tasks.verdicts import Ack, DeadLetter, Drop, Retry
from pubsub_tasks.worker_health.counters import Counters


def test_it_counts_verdicts_and_dead_letters_when_they_are_confirmed():
    counters = Counters(received=7, released=1)
    for verdict in (Ack(), Ack(), Ack(skipped=True), Retry(1), Drop("x"), DeadLetter("invalid")):
        counters.count(verdict)
    assert counters.dead_lettered.total() == 0

    for verdict in (DeadLetter("invalid"), DeadLetter("failed"), DeadLetter("invalid"), None):
        counters.count_dead_letter(verdict)

    assert counters.describe() == (
        "received 7, acked 2, retried 1, dead-lettered 3 (failed 1, invalid 2), "
        "dropped 1, released 1, skipped 1"
    )


def test_rare_counts_of_zero_are_left_out():
    assert Counters().describe() == "received 0, acked 0, retried 0, dead-lettered 0, dropped 0, released 0"
    assert Counters(lost=2).describe().endswith("released 0, lost 2")
