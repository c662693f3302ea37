"""Plans for letters: where each goes."""

from pubsub_tasks.dead_letters.letter_view import Letter
from pubsub_tasks.redrive.dead_letter_queue import find_dead_letter_queue
from pubsub_tasks.redrive.move_plan import direction, drop_plan, redrive_plan
from pubsub_tasks.redrive.redrive_targets import RedriveTargets
from tests.dead_letters.samples import failed, order
from tests.redrive.queues import QueuePair


def letters_of(queues: QueuePair, *urls: str) -> list[Letter]:
    for number, url in enumerate(urls):
        queues.letters.queue.send([failed(order(f"o-{number}"), queue=url)])
    return [Letter.of(record) for record in queues.letters.queue.receive(10, 0, 60)]


def test_letters_go_back_to_the_queues_they_failed_on() -> None:
    queues = QueuePair()
    others = queues.queue("others")
    letters = letters_of(queues, queues.source.url, others.url, others.url)
    targets = RedriveTargets(queues.transport, find_dead_letter_queue(queues.transport, queues.letters.url))

    plan = redrive_plan(letters, targets)

    assert {step.target.name: len(step.items) for step in plan if step.target} == {"orders": 1, "others": 2}
    assert direction(plan, "orders-dlq") in (
        " from orders-dlq, 1 to orders and 2 to others",
        " from orders-dlq, 2 to others and 1 to orders",
    )


def test_an_edited_letter_is_sent_with_its_new_body() -> None:
    queues = QueuePair()
    (letter,) = letters_of(queues, queues.source.url)
    targets = RedriveTargets(queues.transport, find_dead_letter_queue(queues.transport, queues.letters.url))

    (step,) = redrive_plan([letter], targets, {letter.record.message_id: order("o-9")})

    assert step.items[0].outgoing is not None
    assert '"o-9"' in step.items[0].outgoing.body


def test_dropped_letters_go_nowhere() -> None:
    queues = QueuePair()
    plan = drop_plan(letters_of(queues, queues.source.url))

    assert [(step.target, len(step.items), step.items[0].outgoing) for step in plan] == [(None, 1, None)]
    assert direction(plan, "orders-dlq") == " in orders-dlq"
