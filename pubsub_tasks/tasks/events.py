"""Events that observers receive: frozen facts. The manual (`logging-and-observers`) lists them.

Times are seconds. `queue` is the name of the queue. `task` is None where no task was found for the message.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..messages.delivery import Delivery
from ..verdicts import Reason, Verdict


@dataclass(frozen=True, slots=True)
class Published:
    """A topic or queue took a message. `seconds` is for the call, which may have carried several; `size` is
    bytes as SNS and SQS count them: body and attributes."""

    media_type: str
    message_id: str
    destination: str
    seconds: float
    size: int = 0


@dataclass(frozen=True, slots=True)
class NotPublished:
    """A message was given up after its tries; `code` is the service's, or the class of our own error."""

    media_type: str
    message_id: str
    destination: str
    code: str


@dataclass(frozen=True, slots=True)
class Received:
    """A receive brought `count` messages, or none. `seconds` includes the wait of a long poll."""

    queue: str
    count: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Started:
    """A handler is about to be called."""

    queue: str
    delivery: Delivery
    task: str


@dataclass(frozen=True, slots=True)
class Settled:
    """A delivery was handled and its verdict decided; what the verdict asks for is done afterwards.

    `seconds` is the handling time. `latency` is from when the message was sent to the queue until handling
    began, back-offs and earlier attempts included; None where the queue does not say when it was sent.
    """

    queue: str
    delivery: Delivery
    task: str | None
    verdict: Verdict
    seconds: float
    latency: float | None = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The queue did what the verdict asks for: the message is deleted, or its visibility is set."""

    queue: str
    delivery: Delivery
    task: str | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class DeadLettered:
    """The dead-letter queue has the copy. The original is deleted next, which `Confirmed` tells."""

    queue: str
    delivery: Delivery
    task: str | None
    reason: Reason
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Extended:
    """The leases of these deliveries were extended in one call, each by its own number of seconds."""

    queue: str
    deliveries: Sequence[Delivery]


@dataclass(frozen=True, slots=True)
class Lost:
    """The lease of a delivery in hand is gone."""

    queue: str
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Called:
    """A call to SNS, SQS or another service returned, retries of its client included.

    `outcome` is `ok` or the code of the error. Calls in memory are not told.
    """

    service: str
    action: str
    outcome: str
    seconds: float


Event = (
    Published
    | NotPublished
    | Received
    | Started
    | Settled
    | Confirmed
    | DeadLettered
    | Extended
    | Lost
    | Called
)
Observer = Callable[[Event], None]
