"""SpoiltTransport: topics and queues in memory whose answers are spoilt as a test says, entry by entry.

A refused entry may have been carried out all the same: then only the answer lies.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pubsub_tasks.local.rules.service_errors import ServiceError
from pubsub_tasks.transports.memory import MemoryTransport

BATCHES = {
    "DeleteMessageBatch": "Entries",
    "ChangeMessageVisibilityBatch": "Entries",
    "SendMessageBatch": "Entries",
    "PublishBatch": "PublishBatchRequestEntries",
}
"""Actions that are answered entry by entry, and what their entries are called."""

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Refusal:
    """What the answer says of an entry. `acted` when it was carried out nonetheless."""

    code: str
    sender_fault: bool = False
    acted: bool = False

    def told(self, entry_id: str) -> dict[str, Any]:
        """As both services tell it."""
        return {
            "Id": entry_id,
            "Code": self.code,
            "Message": "as planned",
            "SenderFault": self.sender_fault,
        }


def nothing(*_: Any) -> None:
    """All goes well."""


class SpoiltTransport(MemoryTransport):
    """A memory transport to be spoilt.

    Attributes:
        fail: told an action, gives the code with which the whole call fails, or None.
        refuse: told an action and an entry, gives its refusal, or None.
        calls: every call that came, in order.
        refused: how many entries of each action were refused.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock=clock)
        self.fail: Callable[[str], str | None] = nothing
        self.refuse: Callable[[str, Entry], Refusal | None] = nothing
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.refused: Counter[str] = Counter()

    def call(self, service: str, action: str, params: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((action, params))
        if code := self.fail(action):
            raise ServiceError(code, "as planned")
        name = BATCHES.get(action)
        if name is None:
            return super().call(service, action, params)
        refusals = {
            entry["Id"]: refusal
            for entry in params[name]
            if (refusal := self.refuse(action, entry)) is not None
        }
        self.refused[action] += len(refusals)
        passed = [entry for entry in params[name] if _passes(refusals.get(entry["Id"]))]
        answer = super().call(service, action, {**params, name: passed}) if passed else {}
        return {
            "Successful": [each for each in answer.get("Successful", ()) if each["Id"] not in refusals],
            "Failed": [
                *(each for each in answer.get("Failed", ()) if each["Id"] not in refusals),
                *(refusal.told(entry_id) for entry_id, refusal in refusals.items()),
            ],
        }


def _passes(refusal: Refusal | None) -> bool:
    return refusal is None or refusal.acted
