"""A change between two versions of a schema, and what it means for those who move to the new one."""

from dataclasses import dataclass
from enum import Enum, IntEnum


class Risk(IntEnum):
    """What a change does to one side, while the other side still has the old version."""

    SAFE = 0
    RISKY = 1
    BREAKING = 2


class Effect(Enum):
    """What a change does to the messages that are valid, and so to a publisher and to a consumer.

    A publisher that moves first sends new messages to consumers of the old version; a consumer that moves
    first receives old messages, also those that wait in its queue.
    """

    NARROWER = "narrower", Risk.SAFE, Risk.BREAKING
    WIDER = "wider", Risk.BREAKING, Risk.SAFE
    DIFFERENT = "different", Risk.BREAKING, Risk.BREAKING
    UNCLEAR = "unclear", Risk.RISKY, Risk.RISKY
    ADDED = "added", Risk.SAFE, Risk.SAFE
    NO_LONGER_SENT = "no longer sent", Risk.RISKY, Risk.SAFE
    OTHER_DEFAULT = "other default", Risk.SAFE, Risk.RISKY
    NO_LONGER_HANDLED = "no longer handled", Risk.RISKY, Risk.BREAKING

    def __init__(self, title: str, publisher: Risk, consumer: Risk) -> None:
        self.title = title
        self.publisher = publisher
        self.consumer = consumer


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One change.

    Attributes:
        path: names of fields with dots between them, `[]` for the items of a list and `{}` for the values of
            an object; empty for the message as a whole.
        text: what changed.
        reason: what comes of it for the side that it harms; empty if it is safe for both.
    """

    media_type: str
    path: str
    text: str
    effect: Effect
    reason: str = ""

    @property
    def publisher(self) -> Risk:
        """For a publisher that moves to the new version before the consumers."""
        return self.effect.publisher

    @property
    def consumer(self) -> Risk:
        """For a consumer that moves to the new version before the publishers."""
        return self.effect.consumer

    @property
    def worst(self) -> Risk:
        return max(self.publisher, self.consumer)
