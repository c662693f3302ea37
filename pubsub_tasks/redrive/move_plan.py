"""What a change of a dead-letter queue does: to which queue each letter goes, and which are deleted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..dead_letters.letter_view import Letter
from ..dead_letters.move_item import MoveItem
from ..dead_letters.redriven_message import redrive_copy
from ..transports.protocols import Queue
from .redrive_targets import RedriveTargets


@dataclass(frozen=True)
class PlanStep:
    """Items for one target queue; a `target` of None deletes only."""

    target: Queue | None
    items: Sequence[MoveItem]


Plan = Sequence[PlanStep]


def redrive_plan(
    letters: Sequence[Letter], targets: RedriveTargets, bodies: Mapping[str, str] | None = None
) -> Plan:
    """Send each letter to its target and delete it here; `bodies` has new bodies by SQS message id.

    Raises ConfigurationError if the target of a letter is not known, TransportError.
    """
    return group_by_target(list(_redrive_items(letters, targets, bodies or {})))


def drop_plan(letters: Sequence[Letter]) -> Plan:
    """Delete each letter."""
    return [PlanStep(None, [MoveItem(letter.id, letter.record) for letter in letters])]


def group_by_target(items: Iterable[tuple[Queue, MoveItem]]) -> Plan:
    """One step for each target queue, in the order of their first items."""
    by_url: dict[str, tuple[Queue, list[MoveItem]]] = {}
    for queue, item in items:
        by_url.setdefault(queue.url, (queue, []))[1].append(item)
    return [PlanStep(queue, queue_items) for queue, queue_items in by_url.values()]


def direction(plan: Plan, queue_name: str) -> str:
    """Such as " in orders-dlq" or " from orders-dlq to orders"."""
    counts = [
        (len(step.items), step.target.name) for step in plan if step.target and step.target.name != queue_name
    ]
    if not counts:
        return f" in {queue_name}"
    if len(counts) == 1:
        return f" from {queue_name} to {counts[0][1]}"
    return f" from {queue_name}, {' and '.join(f'{count:,} to {name}' for count, name in counts)}"


def _redrive_items(
    letters: Sequence[Letter], targets: RedriveTargets, bodies: Mapping[str, str]
) -> Iterator[tuple[Queue, MoveItem]]:
    for letter in letters:
        queue, attributes = targets.of(letter)
        record = replace(letter.record, body=bodies.get(letter.record.message_id, letter.record.body))
        outgoing = redrive_copy(record, fifo=queue.fifo, size_limit=attributes.max_message_size)
        yield queue, MoveItem(letter.id, letter.record, outgoing, outgoing.group_id if queue.fifo else None)
