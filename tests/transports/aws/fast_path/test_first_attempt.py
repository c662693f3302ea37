"""A failed attempt is the first of botocore's call of the same action, and of no other."""

import ssl
from http.client import IncompleteRead
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore import exceptions as botocore
from botocore.client import BaseClient
from botocore.config import Config
from urllib3 import exceptions as urllib3

from pubsub_tasks.transports.aws.fast_path.connection import Response
from pubsub_tasks.transports.aws.fast_path.first_attempt import FirstAttempt
from pubsub_tasks.transports.aws.fast_path.response_head import UntrustedResponse
from tests.transports.conftest import Peer

POOL: Any = SimpleNamespace(host="h", port=1)
DENIED = Response(403, {"x-amzn-query-error": "AccessDenied;Sender"}, b'{"message": "no"}', True, True)


@pytest.fixture
def client(peer: Peer) -> BaseClient:
    config = Config(retries={"total_max_attempts": 1, "mode": "standard"})
    # Not the default session, which may have the credentials of an earlier test.
    session = boto3.Session()
    client: BaseClient = session.client("sqs", "eu-west-1", endpoint_url=peer.url, config=config)
    return client


def test_a_call_of_another_action_does_not_take_the_attempt(client: Any, peer: Peer) -> None:
    # Given an attempt, and a signal handler that makes a call before botocore takes it
    attempt = FirstAttempt(client, "sqs")
    attempt.answered("ReceiveMessage", DENIED)
    assert "QueueUrls" not in client.list_queues()

    with pytest.raises(botocore.ClientError, match="AccessDenied"):
        client.receive_message(QueueUrl="url")

    assert [question.action for question in peer.questions] == ["ListQueues"]
    # And it is taken once
    client.receive_message(QueueUrl="url")
    assert len(peer.questions) == 2


def test_a_forgotten_attempt_is_not_taken(client: Any, peer: Peer) -> None:
    attempt = FirstAttempt(client, "sqs")
    attempt.answered("ReceiveMessage", DENIED)
    attempt.forget()

    client.receive_message(QueueUrl="url")

    assert len(peer.questions) == 1


def _name_error() -> Exception:
    """What urllib3 raises for a host without an address: a class of its own since version 2."""
    if hasattr(urllib3, "NameResolutionError"):
        return urllib3.NameResolutionError("h", POOL, OSError())  # type: ignore[arg-type]
    return urllib3.NewConnectionError(POOL, "no address")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (ssl.SSLError("alert"), botocore.SSLError),
        (ssl.SSLCertVerificationError("wrong host"), botocore.SSLError),
        (urllib3.SSLError("hostname"), botocore.SSLError),
        (urllib3.NewConnectionError(POOL, "refused"), botocore.EndpointConnectionError),
        (_name_error(), botocore.EndpointConnectionError),
        (urllib3.ConnectTimeoutError("late"), botocore.ConnectTimeoutError),
        (TimeoutError("late"), botocore.ReadTimeoutError),
        (ConnectionResetError("gone"), botocore.ConnectionClosedError),
        (OSError("bad file descriptor"), botocore.ConnectionClosedError),
        (IncompleteRead(b""), botocore.ConnectionClosedError),
        (UntrustedResponse("two responses"), botocore.ConnectionClosedError),
        (ValueError("not JSON"), botocore.HTTPClientError),
    ],
    ids=lambda value: value.__class__.__name__ if isinstance(value, Exception) else value.__name__,
)
def test_an_exception_is_the_one_that_botocore_would_raise(
    client: Any, peer: Peer, ours: Exception, theirs: type[Exception]
) -> None:
    FirstAttempt(client, "sqs").failed("ReceiveMessage", ours)

    with pytest.raises(theirs) as caught:
        client.receive_message(QueueUrl="url")

    assert type(caught.value) is theirs
    assert peer.questions == []
