"""Limits and allowed characters of SQS and SNS, and checks of single values.

Sources: the service models in botocore (`sqs/2012-11-05`, `sns/2010-03-31`) and the quota pages of the
SQS and SNS developer guides. Sizes are bytes, times are seconds.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .service_errors import ServiceError, invalid_value

VISIBILITY = 43_200  # 12 h, from the receive
DELAY = 900
WAIT = 20
RECEIVE = 10
BATCH = 10
ATTRIBUTES = 10
IN_FLIGHT = 120_000
SQS_SIZE = 1_048_576
SNS_SIZE = 262_144  # a topic's MaximumMessageSize may raise it to SQS_SIZE
MINIMUM_SIZE = 1_024
RECENT = 300.0  # deduplication and repeated receives
PURGE = 60.0
RECREATE = 60.0
MOVES_PER_SECOND = 500
SOURCE_QUEUES = 10
RECEIVE_COUNT = 1_000
TAGS = 50
FILTER_POLICIES = 200  # per topic

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TOKEN = re.compile(r"[!-~]{1,128}")
_ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_ALLOWED = (
    "the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | "
    "#x10000 to #x10FFFF"
)


def whole(params: Mapping[str, Any], name: str, low: int, high: int) -> int | None:
    """An optional integer parameter. Raises ServiceError if it is out of range."""
    value = params.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise invalid_value(name, value, f"Must be between {low} and {high}, if provided.")
    return value


def text_size(text: str) -> int:
    """Size of the text in bytes of UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def check_characters(text: str, part: str) -> None:
    """Raise ServiceError `InvalidMessageContents` for characters that XML 1.0 does not allow.

    `isprintable` is False for all of these, and much faster than a search.
    """
    if text.isprintable():
        return
    illegal = _ILLEGAL.search(text)
    if illegal:
        raise ServiceError(
            "InvalidMessageContents",
            f"Invalid binary character '#x{ord(illegal[0]):X}' was found in the {part}, {_ALLOWED}.",
        )


def check_token(name: str, value: object) -> None:
    """Raise ServiceError unless a group, deduplication or attempt id is legal.

    Legal are 1 to 128 ASCII letters, digits and punctuation characters.
    """
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise invalid_value(
            name,
            value,
            f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length.",
        )


def check_batch(entries: Sequence[Mapping[str, Any]] | None) -> Sequence[Mapping[str, Any]]:
    """The entries of a batch. Raises ServiceError unless there are 1 to 10 with distinct, legal ids."""
    if not entries:
        raise ServiceError("EmptyBatchRequest", "There should be at least one entry in the request.")
    if len(entries) > BATCH:
        raise ServiceError(
            "TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are {BATCH}. You have sent {len(entries)}.",
        )
    seen = set()
    for entry in entries:
        seen.add(_entry_id(entry))
    if len(seen) < len(entries):
        raise ServiceError(
            "BatchEntryIdsNotDistinct", f"Two entries share an id: {[e['Id'] for e in entries]}."
        )
    return entries


def _entry_id(entry: Mapping[str, Any]) -> str:
    given = entry.get("Id")
    if not isinstance(given, str) or not _ENTRY_ID.fullmatch(given):
        raise ServiceError(
            "InvalidBatchEntryId",
            f"A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
            f"It can be at most 80 letters long, and {given!r} is not.",
        )
    return given


def failure(entry: Mapping[str, Any], refusal: ServiceError) -> dict[str, Any]:
    """One entry of `Failed` in the response to a batch."""
    return {
        "Id": entry["Id"],
        "Code": refusal.code,
        "Message": refusal.message,
        "SenderFault": refusal.sender_fault,
    }
