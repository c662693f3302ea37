"""Requests to AWS, and what becomes of the responses."""

import subprocess
import sys

import pytest

from pubsub_tasks.errors import ConfigurationError, PublishFailed, ReceiveFailed, SettleFailed, TransportError
from pubsub_tasks.transports.aws.clients import ClientSettings
from pubsub_tasks.transports.aws.transport import AwsTransport
from pubsub_tasks.wire.records import EntryFailure, Outgoing
from tests.transports.conftest import Peer

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"


def test_a_receive_requests_all_attributes_of_a_record(peer: Peer) -> None:
    peer.transport().queue(URL).receive(10, 0, 60, "attempt")

    (question,) = peer.questions
    assert question.action == "ReceiveMessage"
    assert question.params["QueueUrl"] == URL
    assert question.params["MaxNumberOfMessages"] == 10
    assert question.params["WaitTimeSeconds"] == 0
    assert question.params["VisibilityTimeout"] == 60
    assert question.params["ReceiveRequestAttemptId"] == "attempt"
    assert question.params["MessageAttributeNames"] == ["All"]
    assert "ApproximateFirstReceiveTimestamp" in question.params["MessageSystemAttributeNames"]


def test_a_receive_omits_parameters_that_default_to_the_queue(peer: Peer) -> None:
    peer.transport().queue(URL).receive(1, 0, None)

    assert not {"VisibilityTimeout", "ReceiveRequestAttemptId"} & set(peer.questions[0].params)


def test_the_region_of_the_queue_url_takes_precedence(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-2")
    transport = peer.transport(region="us-west-1")

    transport.queue(URL).receive(1, 0, None)

    assert peer.questions[0].region == "eu-west-1"


@pytest.mark.parametrize(
    ("setting", "environment", "region"),
    [
        ("us-west-1", {"AWS_DEFAULT_REGION": "us-east-2"}, "us-west-1"),
        (None, {"AWS_DEFAULT_REGION": "us-east-2", "AWS_REGION": "sa-east-1"}, "us-east-2"),
        (None, {"AWS_REGION": "sa-east-1"}, "sa-east-1"),
    ],
)
def test_a_url_without_a_region_uses_the_settings(
    peer: Peer,
    monkeypatch: pytest.MonkeyPatch,
    setting: str | None,
    environment: dict[str, str],
    region: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    peer.transport(region=setting).queue("http://127.0.0.1:1/0/orders").receive(1, 0, None)

    assert peer.questions[0].region == region


def test_the_region_of_the_topic_arn_is_used(peer: Peer) -> None:
    # The peer does not speak SNS's XML; what it was asked is all that counts here
    with pytest.raises(PublishFailed):
        peer.transport(region="us-west-1").publisher().publish("arn:aws:sns:eu-west-1:1:t", [Outgoing("x")])

    assert peer.questions[0].region == "eu-west-1"


def test_the_endpoint_may_come_from_the_environment(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", peer.url)

    AwsTransport().queue(URL).receive(1, 0, None)

    assert len(peer.questions) == 1


def test_the_user_agent_is_short_and_names_us_and_botocore(peer: Peer) -> None:
    peer.transport().queue(URL).receive(1, 0, None)

    user_agent = peer.questions[0].user_agent
    assert user_agent.startswith("pubsub-tasks/")
    assert " Botocore/" in user_agent
    assert len(user_agent) < 50


def test_only_a_receive_has_a_long_timeout(credentials: None) -> None:
    transport = AwsTransport(
        ClientSettings(max_pool_connections=40, attempts=2, read_timeout=7.0, region="eu-west-1")
    )

    polling = transport.boto3.clients.service_client("sqs", None, 27.0).client.meta.config
    settling = transport.client("sqs").meta.config

    assert (polling.read_timeout, settling.read_timeout) == (27.0, 7.0)
    assert (polling.connect_timeout, settling.connect_timeout) == (5.0, 5.0)
    assert polling.max_pool_connections == 40
    assert polling.retries["total_max_attempts"] == 2
    assert polling.retries["mode"] == "standard"
    assert polling.tcp_keepalive


def test_parameters_are_not_checked_twice(peer: Peer) -> None:
    # boto3 would refuse text for a number; what this package sends is typed
    peer.transport(region="eu-west-1").client("sqs").receive_message(QueueUrl=URL, WaitTimeSeconds="soon")

    assert len(peer.questions) == 1


def test_a_missing_region_is_one_line(credentials: None) -> None:
    with pytest.raises(ConfigurationError, match="AWS_DEFAULT_REGION") as caught:
        AwsTransport().queue("http://127.0.0.1:1/0/orders").receive(1, 0, None)

    assert "\n" not in str(caught.value)


def test_missing_credentials_are_one_line() -> None:
    with pytest.raises(ConfigurationError, match="AWS_ACCESS_KEY_ID") as caught:
        AwsTransport().queue(URL).receive(1, 0, None)

    assert "\n" not in str(caught.value)


def test_an_unknown_profile_is_named(credentials: None) -> None:
    with pytest.raises(ConfigurationError, match="nobodys") as caught:
        AwsTransport(ClientSettings(profile="nobodys")).queue(URL).receive(1, 0, None)

    assert caught.value.__cause__ is not None


def test_an_invalid_endpoint_url_is_named(credentials: None) -> None:
    with pytest.raises(ConfigurationError, match="not a url"):
        AwsTransport(ClientSettings(endpoint_url="not a url")).queue(URL).receive(1, 0, None)


def test_an_error_has_its_code_address_and_cause(peer: Peer) -> None:
    peer.will_refuse("AccessDeniedException", "AccessDenied", "not for you", status=403)

    with pytest.raises(ReceiveFailed, match="not for you") as caught:
        peer.transport().queue(URL).receive(1, 0, None)

    assert caught.value.code == "AccessDenied"
    assert URL in str(caught.value)
    assert caught.value.__cause__ is not None


def test_a_refused_connection_is_a_retriable_failure(credentials: None) -> None:
    # Port 9 of the loopback is nobody's
    transport = AwsTransport(
        ClientSettings(region="eu-west-1", endpoint_url="http://127.0.0.1:9", attempts=1)
    )

    with pytest.raises(SettleFailed) as deleted:
        transport.queue(URL).delete(["handle"])
    with pytest.raises(PublishFailed) as published:
        transport.publisher().publish("arn:aws:sns:eu-west-1:1:t", [Outgoing("x")])

    assert deleted.value.code == published.value.code == "EndpointConnectionError"


def test_an_unreadable_response_is_a_retriable_failure(peer: Peer) -> None:
    # As from a proxy between us and the service: JSON is nothing that SNS would say
    with pytest.raises(PublishFailed) as caught:
        peer.transport().publisher().publish("arn:aws:sns:eu-west-1:1:t", [Outgoing("x")])

    assert caught.value.code == "ResponseParserError"


def test_a_missing_queue_is_a_configuration_error(peer: Peer) -> None:
    code = "AWS.SimpleQueueService.NonExistentQueue"
    peer.will_refuse("QueueDoesNotExist", code, "The specified queue does not exist.")
    with pytest.raises(ConfigurationError, match=URL):
        peer.transport().queue(URL).attributes()


def test_access_denied_is_not_reported_as_a_missing_queue(peer: Peer) -> None:
    peer.will_refuse("AccessDeniedException", "AccessDenied", "not for you", status=403)

    with pytest.raises(TransportError, match="not for you"):
        peer.transport().queue(URL).attributes()


def test_a_queue_url_is_looked_up_once(peer: Peer) -> None:
    peer.will_answer(QueueUrl=URL)
    transport = peer.transport()

    first = transport.queue_url("arn:aws:sqs:eu-west-1:123456789012:orders")
    again = transport.queue_url("arn:aws:sqs:eu-west-1:123456789012:orders")

    assert first == again == URL
    (question,) = peer.questions
    assert question.params == {"QueueName": "orders", "QueueOwnerAWSAccountId": "123456789012"}


def test_an_arn_that_is_not_of_a_queue_is_refused(peer: Peer) -> None:
    with pytest.raises(ConfigurationError, match="arn:aws:sns:eu-west-1:1:t"):
        peer.transport().queue_url("arn:aws:sns:eu-west-1:1:t")

    assert peer.questions == []


def test_a_failed_entry_is_reported_beside_the_others(peer: Peer) -> None:
    peer.will_answer(
        Successful=[{"Id": "0"}, {"Id": "2"}],
        Failed=[{"Id": "1", "Code": "InternalError", "Message": "sorry", "SenderFault": False}],
    )

    answers = peer.transport().queue(URL).delete(["a", "b", "c"])

    assert answers == [None, EntryFailure("InternalError", "sorry", retriable=True), None]


def test_a_forked_child_makes_its_own_clients() -> None:
    # In a process of its own, since forking one that runs threads is a warning
    story = """
import os
from pubsub_tasks.transports.aws.clients import ClientSettings
from pubsub_tasks.transports.aws.transport import AwsTransport
transport = AwsTransport(ClientSettings(region="eu-west-1"))
parents = transport.client("sqs")
child = os.fork()
if child == 0:
    os._exit(0 if transport.client("sqs") is not parents else 1)
ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
raise SystemExit(ended or transport.client("sqs") is not parents)
"""
    environment = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing"}

    ended = subprocess.run([sys.executable, "-c", story], env=environment, capture_output=True, text=True)

    assert ended.returncode == 0, ended.stderr


def test_a_url_with_an_unclosed_bracket_is_refused(peer: Peer) -> None:
    with pytest.raises(ConfigurationError, match="is not a queue URL"):
        peer.transport().queue("http://[::1:4566/000000000000/orders")

    assert peer.transport().queue("http://[::1]:4566/000000000000/orders").name == "orders"


def test_settling_with_a_short_lease_times_out_soon_and_is_retried(credentials: None) -> None:
    transport = AwsTransport(ClientSettings(lease=10, region="eu-west-1"))

    settling = transport.boto3.clients.service_client("sqs", None, 1.0).client.meta.config

    assert (settling.connect_timeout, settling.read_timeout) == (1.0, 1.0)
    assert settling.retries["total_max_attempts"] == 2
