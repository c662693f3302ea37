"""The events that observers are notified of. The manual (`logging-and-observers`) lists them.

Times are seconds. `queue` is the name of the queue. `task` is None if there is no task for the message.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..messages.delivery import Delivery
from ..verdicts import Reason, Verdict


@dataclass(frozen=True, slots=True)
class Published:
    """A topic or queue accepted a message.

    `seconds` is the duration of the call, which may have carried several messages. `size` is in bytes as SNS
    and SQS count them: body and attributes.
    """

    media_type: str
    message_id: str
    destination: str
    seconds: float
    size: int = 0


@dataclass(frozen=True, slots=True)
class NotPublished:
    """A publish failed after all its retries. `code` is the service's, or the class of the error."""

    media_type: str
    message_id: str
    destination: str
    code: str


@dataclass(frozen=True, slots=True)
class Received:
    """A receive call returned `count` messages. `seconds` includes the wait of long polling."""

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
    """A delivery was handled and its verdict decided. The verdict is carried out afterwards.

    `seconds` is the handling time. `latency` is the time from when the message was sent to the queue until
    handling began, including back-offs and earlier attempts; None if the queue does not say when it was sent.
    """

    queue: str
    delivery: Delivery
    task: str | None
    verdict: Verdict
    seconds: float
    latency: float | None = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The verdict was carried out: the message is deleted, or its visibility timeout is set."""

    queue: str
    delivery: Delivery
    task: str | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class DeadLettered:
    """The dead-letter queue has the copy. The original is deleted next, which `Confirmed` reports."""

    queue: str
    delivery: Delivery
    task: str | None
    reason: Reason
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Extended:
    """The visibility leases of these deliveries were extended in one call."""

    queue: str
    deliveries: Sequence[Delivery]


@dataclass(frozen=True, slots=True)
class Lost:
    """The visibility lease of a message in flight was lost."""

    queue: str
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Called:
    """A call to SNS, SQS or another service returned, after the retries of its client.

    `outcome` is `ok` or the error code. Calls to topics and queues in memory are not reported.
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
