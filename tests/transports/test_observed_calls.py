"""Calls to AWS, as observers see them."""

import pytest

from pubsub_tasks.errors import ReceiveFailed
from pubsub_tasks.tasks.events import Called, Event, Received
from pubsub_tasks.tasks.observers import Observers
from pubsub_tasks.transports.aws.clients import ClientSettings
from pubsub_tasks.transports.aws.transport import AwsTransport
from tests.transports.conftest import Peer

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"


def test_each_call_is_reported_with_its_outcome(peer: Peer) -> None:
    seen: list[Event] = []
    transport = AwsTransport(ClientSettings(endpoint_url=peer.url, attempts=1), Observers([seen.append]))
    queue = transport.queue(URL)

    queue.receive(10, 0, 30)
    peer.answers.append((400, {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "gone"}, {}))
    peer.answers.append((400, {"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "gone"}, {}))
    with pytest.raises(ReceiveFailed):
        queue.receive(10, 0, 30)

    told = [(each.service, each.action, each.outcome) for each in seen if isinstance(each, Called)]
    assert told[0] == ("sqs", "ReceiveMessage", "ok")
    assert told[1][:2] == ("sqs", "ReceiveMessage")
    assert "QueueDoesNotExist" in told[1][2]
    assert all(each.seconds >= 0 for each in seen if isinstance(each, Called))


def test_observers_of_other_events_get_no_calls(peer: Peer) -> None:
    seen: list[Event] = []
    observers = Observers()
    observers.add(seen.append, Received)

    AwsTransport(ClientSettings(endpoint_url=peer.url, attempts=1), observers).queue(URL).receive(10, 0, 30)

    assert seen == []
