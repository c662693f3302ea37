"""Calls of the fast path equal botocore's, and failures are passed to botocore."""

import logging
import random
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import _host_from_url
from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session

from pubsub_tasks.errors import ReceiveFailed
from pubsub_tasks.local import aws_query
from pubsub_tasks.local.server import LocalServer
from pubsub_tasks.transports.aws.clients import ClientSettings
from pubsub_tasks.transports.aws.fast_path.endpoint import host_header
from pubsub_tasks.transports.aws.fast_path.fast_path import FastPath
from pubsub_tasks.transports.aws.fast_path.first_attempt import FirstAttempt
from pubsub_tasks.transports.aws.transport import AwsTransport
from pubsub_tasks.wire.records import Attribute, EntryFailure, Outgoing, Sent
from pubsub_tasks.worker.time_limits import Interrupted
from tests.transports.conftest import SECRET, Peer

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"


def by_botocore(peer: Peer) -> list[bool]:
    return [question.by_botocore for question in peer.questions]


def test_calls_after_the_first_bypass_botocore_with_the_same_request(peer: Peer) -> None:
    queue = peer.transport().queue(URL)

    queue.receive(10, 0, 60)
    queue.receive(10, 0, 60)

    first, second = peer.questions
    assert first.by_botocore
    assert second == replace(first, by_botocore=False)


def test_each_client_observes_its_own_first_call(peer: Peer) -> None:
    # Their time-outs are not the same: a receive may be answered late
    queue = peer.transport().queue(URL)

    for _ in range(2):
        queue.receive(10, 0, None)
        queue.delete(["handle"])

    assert by_botocore(peer) == [True, True, False, False]


def test_botocore_makes_every_call_if_the_fast_path_is_off(peer: Peer) -> None:
    queue = peer.transport(fast_path=False).queue(URL)

    for _ in range(3):
        queue.receive(10, 0, None)

    assert by_botocore(peer) == [True, True, True]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PROXY", "{url}"),
        ("AWS_ENDPOINT_URL", "{url}/gateway"),
        ("AWS_ENDPOINT_URL", "http://me:you@{host}"),
    ],
    ids=["a proxy", "a path", "somebody who is named to the endpoint"],
)
def test_botocore_makes_every_call_with_a_proxy_or_a_path(
    name: str, value: str, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", peer.url)
    monkeypatch.setenv(name, value.format(url=peer.url, host=peer.url.removeprefix("http://")))
    monkeypatch.delenv("NO_PROXY", raising=False)
    queue = AwsTransport(ClientSettings(attempts=1)).queue(URL)

    for _ in range(3):
        queue.receive(10, 0, None)

    assert by_botocore(peer) == [True, True, True]


def test_botocore_makes_every_call_with_unusual_headers(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    # As in Lambda, where a trace goes on with each call
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "orders")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793")
    queue = peer.transport().queue(URL)

    for _ in range(3):
        queue.receive(10, 0, None)

    assert by_botocore(peer) == [True, True, True]


def test_nothing_is_sent_if_responses_are_faked(peer: Peer) -> None:
    # As moto's mock_aws does
    transport = peer.transport()
    client = transport.boto3.clients.service_client("sqs", "eu-west-1", 30.0).client
    client.meta.events.register(
        "before-send.sqs", lambda request, **_: AWSResponse(request.url, 200, {}, Raw(b"{}"))
    )
    queue = transport.queue(URL)

    for _ in range(3):
        assert queue.receive(10, 0, None) == []

    assert peer.questions == []


class Raw(BytesIO):
    """An answer as botocore reads one."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST"])
def test_the_host_is_signed_as_it_is_sent(name: str, peer: Peer) -> None:
    queue = peer.transport(endpoint_url=peer.url.replace("127.0.0.1", name)).queue(URL)

    for _ in range(2):
        queue.receive(10, 0, None)

    assert by_botocore(peer) == [True, False]
    assert [question.signed for question in peer.questions] == [True, True]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/", "sqs.eu-west-1.amazonaws.com"),
        ("https://sqs.eu-west-1.amazonaws.com:443/", "sqs.eu-west-1.amazonaws.com"),
        ("http://emulator:80/", "emulator"),
        ("http://Emulator:443/", "emulator:443"),
        ("http://[::1]:4566/", "[::1]:4566"),
    ],
)
def test_the_default_port_is_not_in_the_host_header(url: str, host: str) -> None:
    assert host_header(urlsplit(url)) == host == _host_from_url(url)


def test_botocore_makes_calls_that_are_not_hot(peer: Peer) -> None:
    transport = peer.transport()

    for _ in range(3):
        peer.will_answer(QueueUrl=URL)
        transport.client("sqs", "eu-west-1").get_queue_url(QueueName="orders")

    assert by_botocore(peer) == [True, True, True]


def test_an_attempt_whose_call_is_interrupted_is_not_that_of_a_later_call(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a refused attempt, and a handler whose time is up before botocore takes it
    transport = peer.transport()
    queue = transport.queue(URL)
    queue.receive(10, 0, None)
    peer.will_refuse("AccessDeniedException", "AccessDenied", "not for you", status=403)
    answered = FirstAttempt.answered

    def interrupted(*attempt: Any) -> None:
        answered(*attempt)
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(FirstAttempt, "answered", interrupted)
        with pytest.raises(Interrupted):
            queue.receive(10, 0, None)

    # When botocore makes the next call alone
    with monkeypatch.context() as patch:
        patch.setattr(FastPath, "call", lambda *_: None)
        assert queue.receive(10, 0, None) == []

    # Then it was sent
    assert by_botocore(peer) == [True, False, True]


def test_an_error_response_is_classified_by_botocore(peer: Peer) -> None:
    queue = peer.transport().queue(URL)
    queue.receive(10, 0, None)
    peer.will_refuse("AccessDeniedException", "AccessDenied", "not for you", status=403)

    with pytest.raises(ReceiveFailed, match="not for you") as caught:
        queue.receive(10, 0, None)

    assert caught.value.code == "AccessDenied"
    assert by_botocore(peer) == [True, False]


def refuse(peer: Peer) -> None:
    peer.will_refuse("ServiceUnavailable", "ServiceUnavailable", "later", status=503)


def throttle(peer: Peer) -> None:
    peer.will_refuse("RequestThrottled", "RequestThrottled", "slowly", status=400)


def hang_up(peer: Peer) -> None:
    peer.will_hang_up()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that botocore waits between tries, which here pass at once."""
    waited: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=waited.append))
    return waited


@pytest.mark.parametrize("trouble", [refuse, throttle, hang_up])
@pytest.mark.parametrize("fast_path", [True, False])
def test_a_failing_call_makes_as_many_requests_and_waits_as_boto3_alone(
    trouble: Callable[[Peer], None], fast_path: bool, peer: Peer, waits: list[float]
) -> None:
    queue = peer.transport(attempts=3, fast_path=fast_path).queue(URL)
    queue.receive(10, 0, None)
    for _ in range(3):
        trouble(peer)

    with pytest.raises(ReceiveFailed):
        queue.receive(10, 0, None)

    assert by_botocore(peer) == [True, not fast_path, True, True]
    assert len(waits) == 2
    queue.receive(10, 0, None)
    assert by_botocore(peer)[4:] == [not fast_path]


@pytest.mark.parametrize("trouble", [refuse, throttle, hang_up])
def test_waits_after_a_failed_call_are_as_long_as_boto3s(
    trouble: Callable[[Peer], None], peer: Peer, waits: list[float]
) -> None:
    # Given calls that fail and have the same chances, with the fast path and without it
    for fast_path in (True, False):
        queue = peer.transport(attempts=4, fast_path=fast_path).queue(URL)
        queue.receive(10, 0, None)
        for _ in range(4):
            trouble(peer)
        random.seed(1)
        with pytest.raises(ReceiveFailed):
            queue.receive(10, 0, None)

    # Then there are three waits each, which grow
    assert waits[:3] == waits[3:]
    assert len(set(waits)) == 3


@pytest.mark.parametrize("trouble", [refuse, throttle, hang_up])
def test_a_call_that_fails_once_is_retried_after_a_wait(
    trouble: Callable[[Peer], None], peer: Peer, waits: list[float]
) -> None:
    queue = peer.transport(attempts=2).queue(URL)
    queue.delete(["handle"])
    trouble(peer)
    peer.will_answer(Successful=[{"Id": "0"}])

    assert queue.delete(["handle"]) == [None]
    assert by_botocore(peer) == [True, False, True]
    assert len(waits) == 1


@pytest.mark.parametrize("text", [b"<html>login</html>", b"[]", b""])
def test_a_response_that_is_not_from_the_service_is_a_failed_attempt(
    text: bytes, peer: Peer, waits: list[float]
) -> None:
    queue = peer.transport(attempts=2).queue(URL)
    queue.receive(10, 0, None)
    peer.will_say(text)
    peer.will_answer(Messages=[{"MessageId": "1", "ReceiptHandle": "h", "Body": "hello"}])

    (record,) = queue.receive(10, 0, None)

    assert record.body == "hello"
    assert by_botocore(peer) == [True, False, True]
    assert len(waits) == 1


def test_the_server_certificate_is_verified(
    secure_peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ReceiveFailed) as caught:
        secure_peer.transport().queue(URL).receive(10, 0, None)
    assert caught.value.code == "SSLError"
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
    queue = secure_peer.transport().queue(URL)

    for _ in range(2):
        queue.receive(10, 0, None)

    assert by_botocore(secure_peer) == [True, False]


def test_binary_attributes_are_unchanged(peer: Peer) -> None:
    queue = peer.transport().queue(URL)
    queue.receive(10, 0, None)
    queue.delete(["handle"])
    told = {"DataType": "Binary", "BinaryValue": b64encode(b"\x00\xff").decode()}
    message = {"MessageId": "1", "ReceiptHandle": "h", "Body": "", "MessageAttributes": {"seal": told}}
    peer.will_answer(Messages=[message])

    (record,) = queue.receive(10, 0, None)
    queue.send([Outgoing("", record.attributes)])

    assert record.attributes == {"seal": Attribute("Binary", b"\x00\xff")}
    assert peer.questions[-1].params["Entries"][0]["MessageAttributes"] == {"seal": told}
    assert by_botocore(peer)[2:] == [False, False]


def test_entries_fail_alone(peer: Peer) -> None:
    queue = peer.transport().queue(URL)
    queue.delete(["handle"])
    failed = {"Id": "1", "Code": "InternalError", "Message": "sorry", "SenderFault": False}
    peer.will_answer(Successful=[{"Id": "0"}], Failed=[failed])

    answers = queue.delete(["one", "two"])

    assert answers == [None, EntryFailure("InternalError", "sorry", retriable=True)]
    assert by_botocore(peer) == [True, False]


def test_expired_credentials_are_refreshed(
    peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of credentials that are good for five minutes more botocore asks for new ones at each use.
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    asked = tmp_path / "asked"
    keys = {"Version": 1, "SecretAccessKey": SECRET, "SessionToken": "t"}
    keys["Expiration"] = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    script = tmp_path / "keys.py"
    script.write_text(
        f"""
import json, pathlib
asked = pathlib.Path({str(asked)!r})
asked.open("a").write(".")
print(json.dumps({{**{keys!r}, "AccessKeyId": f"key-{{asked.stat().st_size}}"}}))
"""
    )
    config = tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = {sys.executable} {script}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    queue = peer.transport().queue(URL)

    for _ in range(3):
        queue.receive(10, 0, None)

    first, *others = [question.key for question in peer.questions]
    assert by_botocore(peer) == [True, False, False]
    assert len({first, *others}) == 3
    assert {question.token for question in peer.questions} == {"t"}


def test_publishes_use_the_fast_path(peer: Peer) -> None:
    publisher = peer.transport().publisher()
    answer = {"Successful": [{"Id": "0", "MessageId": "m-1"}], "Failed": []}
    for _ in range(2):
        peer.will_say(aws_query.write("PublishBatch", answer, "request"))

    answers = [publisher.publish("arn:aws:sns:eu-west-1:1:t", [Outgoing("hello")]) for _ in range(2)]

    assert answers == [[Sent("m-1")], [Sent("m-1")]]
    assert by_botocore(peer) == [True, False]
    assert peer.questions[1].region == "eu-west-1"


def test_successful_calls_never_fall_back_to_botocore(
    credentials: None, caplog: pytest.LogCaptureFixture
) -> None:
    # Given services that speak as AWS does
    caplog.set_level(logging.DEBUG, "pubsub_tasks.transports")
    with LocalServer() as server:
        transport = AwsTransport(ClientSettings(region="us-east-1", endpoint_url=server.url))
        queue = transport.queue(transport.client("sqs").create_queue(QueueName="orders")["QueueUrl"])
        topic = transport.client("sns").create_topic(Name="orders")["TopicArn"]
        transport.client("sns").subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=queue.attributes().arn,
            Attributes={"RawMessageDelivery": "true"},
        )

        # When messages of all kinds go through them
        for number in range(3):
            seals = {"seal": Attribute("Binary", b"\x00"), "number": Attribute("Number", str(number))}
            transport.publisher().publish(topic, [Outgoing("a & b = ü%+", seals)])
            (record,) = queue.receive(10, 1, 30)
            assert (record.body, record.attributes) == ("a & b = ü%+", seals)
            assert queue.change_visibility([(record.receipt_handle, 60)]) == [None]
            assert queue.delete([record.receipt_handle]) == [None]
            queue.send([Outgoing("again", seals)])
            (record,) = queue.receive(10, 1, 30)
            assert (record.body, record.attributes) == ("again", seals)

    # Then none is made twice
    assert [record.message for record in caplog.records if "left to boto3" in record.message] == []


def test_botocore_makes_every_call_if_its_private_attributes_change(peer: Peer) -> None:
    transport = peer.transport()
    client = transport.boto3.clients.service_client("sqs", "eu-west-1", 30.0).client

    class Elsewhere:
        def __init__(self, session: URLLib3Session) -> None:
            self.send, self.close = session.send, session.close

    client._endpoint.http_session = Elsewhere(client._endpoint.http_session)
    queue = transport.queue(URL)

    for _ in range(2):
        queue.receive(10, 0, None)

    assert by_botocore(peer) == [True, True]
