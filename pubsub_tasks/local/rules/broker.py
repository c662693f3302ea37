"""SQS and SNS behind one call: finds the action of a request and carries it out.

It follows AWS's documentation, without permissions, encryption and throttling. No I/O; `now` is a parameter.
The caller serializes calls and waits for long polls, with `wait`, `wake_at` and `on_arrival`.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from ..actions import (
    permissions,
    sns_publish,
    sns_subscriptions,
    sns_topics,
    sqs_messages,
    sqs_moves,
    sqs_queues,
    sts,
)
from .account import Account
from .service_errors import ServiceError

Action = Callable[[Account, Mapping[str, Any], float], dict[str, Any]]

_ACTIONS: dict[str, Mapping[str, Action]] = {
    "sqs": {
        **permissions.SQS_ACTIONS,
        **sqs_messages.ACTIONS,
        **sqs_moves.ACTIONS,
        **sqs_queues.ACTIONS,
    },
    "sns": {
        **permissions.SNS_ACTIONS,
        **sns_publish.ACTIONS,
        **sns_subscriptions.ACTIONS,
        **sns_topics.ACTIONS,
    },
    "sts": sts.ACTIONS,
}


class Broker:
    """Queues and topics of one account in one region.

    Attributes:
        on_arrival: called after an action with the name of each queue in which a message may have become
            receivable, or may become so earlier than `wake_at` returned.
    """

    def __init__(
        self,
        region: str = "us-east-1",
        account: str = "000000000000",
        endpoint: str = "http://127.0.0.1:4566",
        *,
        random: Random | None = None,
        remembers_deleted: bool = False,
    ) -> None:
        """`random` generates the ids.

        `remembers_deleted` reserves a deleted queue's name for 60 s, as AWS does.
        """
        self._account = Account(region, account, endpoint, random or Random(), remembers_deleted)
        self.on_arrival: Callable[[str], None] = lambda queue_name: None

    @property
    def region(self) -> str:
        """The region in ARNs."""
        return self._account.region

    @property
    def account(self) -> str:
        """The account number in ARNs and URLs."""
        return self._account.number

    @property
    def endpoint(self) -> str:
        """The prefix of queue URLs."""
        return self._account.endpoint

    @endpoint.setter
    def endpoint(self, endpoint: str) -> None:
        self._account.endpoint = endpoint

    def call(self, service: str, action: str, params: Mapping[str, Any], now: float) -> dict[str, Any]:
        """Carry out one action.

        Args:
            service: `sqs`, `sns` or `sts`.
            action: its name in the AWS API, such as `SendMessage`.
            params: the parameters of boto3's method.
            now: epoch seconds; must not be less than at the previous call.

        Returns:
            The response of boto3's method, without `ResponseMetadata`.

        Raises:
            ServiceError: the error of the service; nothing was changed.
        """
        known = _ACTIONS[service].get(action)
        if known is None:
            raise ServiceError(
                "InvalidAction", f"The action {action} is not supported by the local {service}."
            )
        account = self._account
        try:
            if account.moves.running:
                account.moves.advance(account.queue_by_arn, now)
            return known(account, params, now)
        finally:
            self._notify()

    def wait(self, params: Mapping[str, Any]) -> int:
        """Seconds that a ReceiveMessage with these parameters waits for a message."""
        seconds = params.get("WaitTimeSeconds")
        return self._account.queue(params.get("QueueUrl")).settings.wait if seconds is None else int(seconds)

    def wake_at(self, queue_url: str, now: float) -> float | None:
        """When a message that is delayed or in flight may become receivable (epoch seconds), or None."""
        queue = self._account.queue(queue_url)
        moments = queue.wake_at(), self._account.moves.wake_at(queue, now)
        return min((moment for moment in moments if moment is not None), default=None)

    def messages(self, queue_url: str, now: float) -> list[dict[str, Any]]:
        """All messages of a queue, in any state, as ReceiveMessage shows them. Nothing is received."""
        queue = self._account.queue(queue_url)
        queue.apply_due(now)
        return [message.shown(("All",), ("All",)) for message in queue.messages.values()]

    def _notify(self) -> None:
        changed_queues = self._account.changed_queues
        while changed_queues:
            self.on_arrival(changed_queues.pop())
