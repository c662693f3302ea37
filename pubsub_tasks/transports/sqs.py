"""The `Queue` protocol as SQS API calls."""

from collections.abc import Sequence
from typing import Any, Protocol

from ..errors import ConfigurationError, ReceiveFailed, SettleFailed, TransportError
from ..transports import boto_shapes
from ..wire.records import EntryFailure, MoveTaskStatus, Outgoing, QueueAttributes, Record, Sent

_PAGE = 1_000
"""Maximum number of queues in one response. Source: SQS API reference, ListDeadLetterSourceQueues."""

_NO_SUCH_QUEUE = ("NonExistentQueue", "QueueDoesNotExist")


class ApiCall(Protocol):
    """Makes one API call, with parameters and response in boto3's shapes.

    Raises `failure` if the service returns an error or the connection fails, and ConfigurationError if the
    call cannot be made at all.
    """

    def __call__(
        self, action: str, params: dict[str, Any], failure: type[TransportError]
    ) -> dict[str, Any]: ...


class SqsQueue:
    """The queue with this URL, through `call`. Safe to share between threads if `call` is."""

    def __init__(self, url: str, call: ApiCall) -> None:
        self.url = url
        self.name = url.rstrip("/").rpartition("/")[2]
        self.fifo = self.name.endswith(".fifo")
        self._call = call
        self._receive_params = {
            "QueueUrl": url,
            "MessageSystemAttributeNames": list(boto_shapes.SYSTEM_ATTRIBUTES),
            "MessageAttributeNames": ["All"],
        }

    def __repr__(self) -> str:
        return f"SqsQueue({self.url!r})"

    def receive(
        self, limit: int, wait: int, visibility: int | None, attempt_id: str | None = None
    ) -> list[Record]:
        params = {**self._receive_params, "MaxNumberOfMessages": limit, "WaitTimeSeconds": wait}
        if visibility is not None:
            params["VisibilityTimeout"] = visibility
        if attempt_id is not None:
            params["ReceiveRequestAttemptId"] = attempt_id
        response = self._call("ReceiveMessage", params, ReceiveFailed)
        return boto_shapes.parse_messages(response.get("Messages"))

    def delete(self, handles: Sequence[str]) -> list[EntryFailure | None]:
        return self._settle("DeleteMessageBatch", boto_shapes.delete_entries(handles))

    def change_visibility(self, changes: Sequence[tuple[str, int]]) -> list[EntryFailure | None]:
        return self._settle("ChangeMessageVisibilityBatch", boto_shapes.visibility_entries(changes))

    def send(self, entries: Sequence[Outgoing]) -> list[Sent | EntryFailure]:
        params = {"QueueUrl": self.url, "Entries": boto_shapes.send_entries(entries)}
        return boto_shapes.parse_sent(self._call("SendMessageBatch", params, SettleFailed), len(entries))

    def attributes(self) -> QueueAttributes:
        params = {"QueueUrl": self.url, "AttributeNames": ["All"]}
        try:
            response = self._call("GetQueueAttributes", params, TransportError)
        except TransportError as error:
            if error.code.endswith(_NO_SUCH_QUEUE):
                raise ConfigurationError(
                    f"there is no queue at {self.url}: check its URL, region and account, or create it"
                ) from error
            raise
        attributes = response.get("Attributes")
        return boto_shapes.parse_queue_attributes(attributes if isinstance(attributes, dict) else {})

    def sources(self) -> list[str]:
        urls: list[str] = []
        params: dict[str, Any] = {"QueueUrl": self.url, "MaxResults": _PAGE}
        while True:
            response = self._call("ListDeadLetterSourceQueues", params, TransportError)
            urls += response.get("queueUrls", ())
            if not response.get("NextToken"):
                return urls
            params = {**params, "NextToken": response["NextToken"]}

    def start_move(self, destination_arn: str | None, rate: int | None) -> None:
        params: dict[str, Any] = {"SourceArn": self.attributes().arn}
        if destination_arn is not None:
            params["DestinationArn"] = destination_arn
        if rate is not None:
            params["MaxNumberOfMessagesPerSecond"] = rate
        self._call("StartMessageMoveTask", params, TransportError)

    def last_move(self) -> MoveTaskStatus | None:
        params = {"SourceArn": self.attributes().arn, "MaxResults": 1}
        response = self._call("ListMessageMoveTasks", params, TransportError)
        return next(map(boto_shapes.parse_move_task, response.get("Results", ())), None)

    def cancel_move(self, handle: str) -> None:
        self._call("CancelMessageMoveTask", {"TaskHandle": handle}, TransportError)

    def _settle(self, action: str, entries: list[boto_shapes.Shape]) -> list[EntryFailure | None]:
        response = self._call(action, {"QueueUrl": self.url, "Entries": entries}, SettleFailed)
        return boto_shapes.parse_settled(response, len(entries))


def find_queue_url(call: ApiCall, arn: str) -> str:
    """URL of the queue with this ARN. Raises ConfigurationError if it does not exist, TransportError."""
    account, _, name = arn.partition(":sqs:")[2].partition(":")[2].partition(":")
    if not name:
        raise ConfigurationError(
            f"{arn!r} is not the ARN of a queue: expected arn:aws:sqs:<region>:<account>:<name>"
        )
    params = {"QueueName": name, "QueueOwnerAWSAccountId": account}
    try:
        response = call("GetQueueUrl", params, TransportError)
    except TransportError as error:
        if error.code.endswith(_NO_SUCH_QUEUE):
            raise ConfigurationError(f"there is no queue {arn}, or access to it is denied") from error
        raise
    url: str = response["QueueUrl"]
    return url
