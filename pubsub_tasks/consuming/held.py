"""Held: one delivery in hand, what is to be done about its kind of slot, and the commands that settle it.

These are the nouns that `InFlight` moves about; only `InFlight` may change a `Held`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from ..delivery import Delivery
from ..verdicts import Verdict
from .leases import Hold


class Kind(Enum):
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
    LETTING_GO = auto()
    LETTERING = auto()
    GONE = auto()


class IllegalMove(Exception):
    """An event that cannot happen to a delivery where it stands."""


UNWATCHED: "dict[Held, None]" = {}
"""Where those are of whom nobody watches the lease; always empty."""


class Held:
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

    def __init__(self, delivery: Delivery, hold: Hold, kind: Kind, lane: str | None) -> None:
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
        self.watch: dict[Held, None] = UNWATCHED
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
class Delete:
    """Delete these (1 to 10)."""

    members: Sequence[Held]


@dataclass(frozen=True, slots=True)
class LetGo:
    """Make each visible again after its own `seconds` (1 to 10); then they are no longer ours."""

    members: Sequence[Held]


@dataclass(frozen=True, slots=True)
class Extend:
    """Keep these for so many more seconds from now (1 to 10)."""

    changes: Sequence[tuple[Held, int]]


@dataclass(frozen=True, slots=True)
class SendToDeadLetters:
    """Send copies of these to the dead-letter queue (1 to 10); each verdict is a `DeadLetter`."""

    members: Sequence[Held]


@dataclass(frozen=True, slots=True)
class TellLost:
    """Nothing is to be called: observers should know that these are no longer ours."""

    members: Sequence[Held]


Command = Delete | LetGo | Extend | SendToDeadLetters | TellLost


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
