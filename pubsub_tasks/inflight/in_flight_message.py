"""One message in flight: its delivery, its state, and the kind of slot that runs it.

These are the nouns that `InFlight` moves about; only `InFlight` may change a `InFlightMessage`.
"""

from dataclasses import dataclass
from enum import Enum, auto

from ..messages.delivery import Delivery
from ..verdicts import Verdict
from .leases import VisibilityLease


class SlotKind(Enum):
    """What kind of slot runs it."""

    THREAD = auto()
    COROUTINE = auto()

    __hash__ = object.__hash__  # an enum's own is a call in Python, and this is a key ten times a message


class State(Enum):
    """Where a delivery in hand stands. Each arrow of the life below is one method of `InFlight`.

    BLOCKED → READY → RUNNING → PARKED → READY          (lanes and waits of FIFO queues)
                         └→ DELETING | LETTING_GO | LETTERING → DELETING → GONE
    """

    BLOCKED = auto()  # behind another of its group
    READY = auto()  # may start as soon as a slot is free
    RUNNING = auto()
    PARKED = auto()  # a FIFO head that waits for its next try, in hand
    DELETING = auto()
    CHANGING_VISIBILITY = auto()
    SENDING_TO_DEAD_LETTERS = auto()
    GONE = auto()


class IllegalMove(Exception):
    """An event that cannot happen to a delivery where it stands."""


NOT_WATCHED: "dict[InFlightMessage, None]" = {}
"""Where those are of whom nobody watches the lease; always empty."""


class InFlightMessage:
    """One delivery in hand."""

    __slots__ = (
        "commanded",
        "delivery",
        "due_at",
        "extending",
        "failures",
        "group",
        "hold",
        "kind",
        "lane",
        "returns",
        "seconds",
        "started_at",
        "state",
        "task",
        "verdict",
        "watch",
    )

    def __init__(self, delivery: Delivery, hold: VisibilityLease, kind: SlotKind, lane: str | None) -> None:
        self.delivery = delivery
        self.hold = hold
        self.kind = kind
        self.lane = self.group = lane
        self.state = State.READY
        self.verdict: Verdict | None = None
        self.task: str | None = None
        self.started_at = 0.0
        self.due_at = 0.0
        self.seconds = 0
        self.failures = 0
        self.watch: dict[InFlightMessage, None] = NOT_WATCHED
        self.extending = False
        self.commanded = False
        self.returns = False  # an earlier message of its group comes again, so this one must too

    @property
    def renewable(self) -> bool:
        """False once it is lost or gone, or while a command that settles it is on its way."""
        return not (self.commanded or self.hold.lost or self.state is State.GONE)

    def __repr__(self) -> str:
        return f"<Held {self.delivery.id} {self.state.name.lower()}>"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a worker takes on. `prefetch` is None for automatic; times are seconds."""

    threads: int = 8
    coroutines: int = 0
    receivers: int = 8
    prefetch: int | None = None
    visibility: int = 30
    linger: float = 0.1

    @property
    def slots(self) -> int:
        """All slots, of both kinds."""
        return self.threads + self.coroutines
