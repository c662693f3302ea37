"""One message in flight: its delivery, its state and the kind of slot that runs it.

Only `InFlight` changes an `InFlightMessage`.
"""

from enum import Enum, auto
from typing import NamedTuple

from ..messages.delivery import Delivery
from ..verdicts import Verdict
from .leases import VisibilityLease


class SlotKind(Enum):
    """The kind of slot that runs a message: a thread for plain tasks, a coroutine for async ones."""

    THREAD = auto()
    COROUTINE = auto()

    __hash__ = object.__hash__  # Enum.__hash__ runs Python code, and each message looks this key up ten times


class State(Enum):
    """The state of a message in flight. Each transition is one method of `InFlight`.

    BLOCKED → READY → RUNNING → PARKED → READY            (BLOCKED and PARKED occur on FIFO queues only)
                         ├→ DELETING → GONE
                         ├→ CHANGING_VISIBILITY → GONE
                         └→ SENDING_TO_DEAD_LETTERS → DELETING → GONE
    """

    BLOCKED = auto()  # an earlier message of its group has not finished
    READY = auto()  # starts as soon as a slot is free
    RUNNING = auto()
    PARKED = auto()  # head of its group, waiting in memory for its next attempt
    DELETING = auto()
    CHANGING_VISIBILITY = auto()
    SENDING_TO_DEAD_LETTERS = auto()
    GONE = auto()


class IllegalMove(Exception):
    """An event that is not possible in the current state of a message."""


NOT_WATCHED: "dict[InFlightMessage, None]" = {}
"""Shared empty dict: the lease is not watched."""


class InFlightMessage:
    """One message that was received and is not settled yet.

    Attributes:
        lease: its visibility lease.
        kind: the kind of slot that runs it.
        group: its message group, or None on a standard queue.
        start_group: `group` while it takes part in the start order of the group; None afterwards.
        task: name of the task that handles it, once known.
        started_at: when its handler started, on the worker's clock.
        due_at: when its next attempt is due, on the worker's clock.
        visibility_timeout: seconds, what a `ChangeVisibility` that carries it sets.
        failures: failed calls since it entered its state.
        watch_group: the members of `Leases` that are checked together with it.
        extending: True while a call that extends its lease is under way.
        command_sent: True while a call that settles it is under way.
        must_return: an earlier message of its group becomes visible again, so this one must as well.
    """

    __slots__ = (
        "command_sent",
        "delivery",
        "due_at",
        "extending",
        "failures",
        "group",
        "kind",
        "lease",
        "must_return",
        "start_group",
        "started_at",
        "state",
        "task",
        "verdict",
        "visibility_timeout",
        "watch_group",
    )

    def __init__(self, delivery: Delivery, lease: VisibilityLease, kind: SlotKind, group: str | None) -> None:
        self.delivery = delivery
        self.lease = lease
        self.kind = kind
        self.group = self.start_group = group
        self.state = State.READY
        self.verdict: Verdict | None = None
        self.task: str | None = None
        self.started_at = 0.0
        self.due_at = 0.0
        self.visibility_timeout = 0
        self.failures = 0
        self.watch_group: dict[InFlightMessage, None] = NOT_WATCHED
        self.extending = False
        self.command_sent = False
        self.must_return = False

    @property
    def renewable(self) -> bool:
        """False once its lease is lost or it is gone, and while a call that settles it is under way."""
        return not (self.command_sent or self.lease.lost or self.state is State.GONE)

    def __repr__(self) -> str:
        return f"<InFlightMessage {self.delivery.id} {self.state.name.lower()}>"


class Limits(NamedTuple):
    """How much one worker handles at a time. Times are seconds.

    Attributes:
        threads: slots for plain tasks.
        coroutines: slots for async tasks.
        receivers: concurrent ReceiveMessage calls, at most.
        prefetch: messages received beyond the free slots; None adapts it to the handling time (`Credit`).
        visibility: the visibility timeout of a receive, and of each extension.
        linger: how long a delete waits for others to fill its batch.
    """

    threads: int = 8
    coroutines: int = 0
    receivers: int = 8
    prefetch: int | None = None
    visibility: int = 30
    linger: float = 0.1

    @property
    def slots(self) -> int:
        """Slots of both kinds."""
        return self.threads + self.coroutines
