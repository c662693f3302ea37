"""Values exactly as SNS and SQS carry them. Knows no client, and gives nothing an interpretation.

A `Record` is what a queue hands out, an `Outgoing` what a topic or queue is given, and `EntryFailure` why
one entry of a batch was refused while its neighbours went through.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_BATCH = 10
"""Entries in one batch call. Source: SQS and SNS API references (SendMessageBatch, PublishBatch)."""

MAX_ATTRIBUTES = 10
"""Message attributes that survive raw delivery. Source: SNS developer guide, "Message attributes"."""

MAX_VISIBILITY = 43_200
"""Seconds, counted from the receive. Source: SQS API reference, ChangeMessageVisibility."""

MAX_DELAY = 900
"""Seconds that SQS itself delays a message. Source: SQS API reference, SendMessage."""


THROTTLING_CODES = frozenset(
    {"KmsThrottled", "KMSThrottling", "RequestThrottled", "Throttled", "Throttling", "ThrottlingException"}
)
"""Codes of what the service's load refused, or its keys' load, whoever is said to be at fault."""

CREDENTIAL_CODES = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
"""Source: "Common Errors" in the API references of SQS and SNS, and S3's "List of error codes"."""

INTERVENTION_CODES = CREDENTIAL_CODES | {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "InvalidAddress",
    "KMS.AccessDeniedException",
    "KmsAccessDenied",
    "MissingAuthenticationToken",
    "OptInRequired",
}
"""Codes of what is refused until a person changes keys, policies or an address."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A message attribute: `type` is String, Number, Binary or String.Array; bytes only for Binary."""

    type: str
    value: str | bytes


def text(value: str) -> Attribute:
    """A String attribute."""
    return Attribute("String", value)


NO_ATTRIBUTES: Mapping[str, Attribute] = {}


@dataclass(frozen=True, slots=True)
class Record:
    """One received copy of a message. Times are epoch seconds."""

    body: str
    receipt_handle: str
    message_id: str
    receive_count: int = 1
    sent_at: float = 0.0
    first_received_at: float = 0.0
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    group_id: str | None = None
    deduplication_id: str | None = None
    sequence_number: str | None = None
    trace_header: str | None = None
    source_arn: str | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send. `delay` (seconds) is for queues alone: SNS has none."""

    body: str
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    group_id: str | None = None
    deduplication_id: str | None = None
    delay: int = 0

    @property
    def size(self) -> int:
        """Bytes as AWS counts them: the body, and each attribute's name, type and value."""
        return _length(self.body) + sum(
            _length(name) + _length(attribute.type) + _length(attribute.value)
            for name, attribute in self.attributes.items()
        )


@dataclass(frozen=True, slots=True)
class Sent:
    """The service took the message and gave it this id."""

    message_id: str


@dataclass(frozen=True, slots=True)
class EntryFailure:
    """One entry of a batch failed.

    `retriable` unless the sender is at fault; `lost` when the lease on the message is gone.
    """

    code: str
    message: str
    retriable: bool
    lost: bool = False


@dataclass(frozen=True, slots=True)
class QueueAttributes:
    """What a queue says of itself. Seconds and bytes; the counts are approximate."""

    arn: str
    fifo: bool = False
    visibility_timeout: int = 30
    retention: int = 345_600
    max_message_size: int = 1_048_576
    dead_letter_arn: str | None = None
    max_receive_count: int | None = None
    visible: int = 0
    in_flight: int = 0
    delayed: int = 0


@dataclass(frozen=True, slots=True)
class MoveTaskStatus:
    """A move task of SQS: what it did so far. The counts are approximate.

    Attributes:
        status: RUNNING, COMPLETED, CANCELLING, CANCELLED or FAILED.
        moved: messages moved so far.
        to_move: messages there were at the start.
        handle: by which to cancel it; None once it has ended.
        failure: why it failed, as SQS names it.
    """

    status: str
    moved: int = 0
    to_move: int = 0
    handle: str | None = None
    failure: str | None = None


def _length(value: str | bytes) -> int:
    # A lone surrogate is no UTF-8, and JSON from elsewhere may hold one all the same.
    return len(value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value)


MEDIA_TYPE = "mediaType"
"""The key of a body that tells its media type."""


OPAQUE_DATA = "opaqueData"
"""The key of a body that holds the headers."""
