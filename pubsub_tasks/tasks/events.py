"""The events that observers are notified of. The manual (`logging-and-observers`) lists them.

Times are seconds. `queue` is the name of the queue. `task` is None if there is no task for the message.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..messages.delivery import Delivery
from ..verdicts import Reason, Verdict


class Published(NamedTuple):
    """A topic or queue accepted a message.

    `seconds` is the duration of the call, which may have carried several messages. `size` is in bytes as SNS
    and SQS count them: body and attributes.
    """

    media_type: str
    message_id: str
    destination: str
    seconds: float
    size: int = 0


class NotPublished(NamedTuple):
    """A publish failed after all its retries. `code` is the service's, or the class of the error."""

    media_type: str
    message_id: str
    destination: str
    code: str


class Received(NamedTuple):
    """A receive call returned `count` messages. `seconds` includes the wait of long polling."""

    queue: str
    count: int  # type: ignore[assignment]  # not tuple's method
    seconds: float = 0.0


class Started(NamedTuple):
    """A handler is about to be called."""

    queue: str
    delivery: Delivery
    task: str


class Settled(NamedTuple):
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


class Confirmed(NamedTuple):
    """The verdict was carried out: the message is deleted, or its visibility timeout is set."""

    queue: str
    delivery: Delivery
    task: str | None
    verdict: Verdict


class DeadLettered(NamedTuple):
    """The dead-letter queue has the copy. The original is deleted next, which `Confirmed` reports."""

    queue: str
    delivery: Delivery
    task: str | None
    reason: Reason
    error: BaseException | None = None


class Extended(NamedTuple):
    """The visibility leases of these deliveries were extended in one call."""

    queue: str
    deliveries: Sequence[Delivery]


class Lost(NamedTuple):
    """The visibility lease of a message in flight was lost."""

    queue: str
    delivery: Delivery


class Called(NamedTuple):
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
