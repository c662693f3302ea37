"""Calls without boto3 equal boto3's, and everything but a success is left to boto3."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.httpsession import DEFAULT_CA_BUNDLE, URLLib3Session

from pubsub_tasks.errors import ConfigurationError, ReceiveFailed
from pubsub_tasks.lifecycle.interruption import CallInterrupted, Interruption
from pubsub_tasks.transports.aws.client_settings import ClientSettings
from pubsub_tasks.transports.aws.fast_path.connection_pool import connection_pool
from pubsub_tasks.transports.aws.transport import AwsTransport
from pubsub_tasks.transports.aws.without_boto3 import plain_calls
from pubsub_tasks.wire.records import Outgoing
from tests.transports.conftest import Peer
from tests.worker.shop import PATIENCE, until

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"


@pytest.fixture(autouse=True)
def nothing_but_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, credentials: None) -> None:
    """Keys in the environment are all, and boto3 counts as not loaded."""
    for name in [name for name in os.environ if name.upper().endswith(("_FILE", "_BUNDLE", "_PROXY"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(plain_calls, "WATCHERS", frozenset())


def by_boto3(peer: Peer) -> list[bool]:
    return [question.by_botocore for question in peer.questions]


def test_a_worker_starts_and_handles_messages_without_boto3(peer: Peer) -> None:
    peer.will_answer(Attributes={"MaximumMessageSize": "7"})
    peer.will_answer(QueueUrl=f"{URL}-dead")
    peer.will_answer(Messages=[{"MessageId": "1", "ReceiptHandle": "h", "Body": "hello"}])
    transport = peer.transport()
    queue = transport.queue(URL)

    assert queue.attributes().max_message_size == 7
    assert transport.queue_url("arn:aws:sqs:eu-west-1:123456789012:orders-dead") == f"{URL}-dead"
    assert [record.body for record in queue.receive(10, 0, None)] == ["hello"]
    queue.change_visibility([("h", 60)])
    queue.delete(["h"])

    assert by_boto3(peer) == [False] * 5


def test_a_request_is_boto3s_but_for_the_marks_of_its_attempts(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    peer.transport().queue(URL).receive(10, 20, 60, "attempt")
    by_boto3 = peer.transport()
    by_boto3.client("sqs", "eu-west-1")
    by_boto3.queue(URL).receive(10, 20, 60, "attempt")

    plain, theirs = peer.questions
    theirs.by_botocore = False
    assert plain == theirs


@pytest.mark.parametrize(("service", "action"), [("sqs", "DeleteMessageBatch"), ("sns", "PublishBatch")])
def test_headers_and_connections_are_those_of_a_boto3_client(peer: Peer, service: str, action: str) -> None:
    settings = ClientSettings(endpoint_url=peer.url, attempts=1, lease=10, max_pool_connections=7)
    route = plain_calls.PlainCalls(settings)._route(service, "eu-west-1", 1.5)
    transport = AwsTransport(settings)
    client = transport.boto3.clients.service_client(service, "eu-west-1", 1.5)
    params = {"QueueUrl": URL, "Entries": [{"Id": "1", "ReceiptHandle": "h"}]}
    if service == "sns":
        params = {"TopicArn": TOPIC, "PublishBatchRequestEntries": [{"Id": "1", "Message": "m"}]}
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(client.client._endpoint.http_session, "send", None)  # not callable: a failure
        with pytest.raises(TypeError):
            getattr(client.client, {"sqs": "delete_message_batch", "sns": "publish_batch"}[service])(**params)

    assert route is not None
    assert client.fast_path is not None
    observed = client.fast_path._endpoint
    assert observed is not None
    assert route.endpoint.headers[action] == observed.headers[action]
    assert route.endpoint.scope == observed.scope
    ours, theirs = route.endpoint.pool, observed.pool
    for name in ("host", "port", "scheme", "timeout"):
        assert str(getattr(ours, name)) == str(getattr(theirs, name))
    assert ours.conn_kw["socket_options"] == theirs.conn_kw["socket_options"]
    assert ours.pool.maxsize == theirs.pool.maxsize


@pytest.mark.parametrize("bundle", [None, "bundle.pem"])
def test_tls_is_that_of_botocore(bundle: str | None) -> None:
    origin = "https://sqs.eu-west-1.amazonaws.com"
    session = URLLib3Session(verify=bundle or True)
    theirs: Any = session._manager.connection_from_url(origin)
    session._setup_ssl_cert(theirs, origin, session._verify)

    ours: Any = connection_pool(origin, bundle, 1.0, 2.0, maxsize=7)

    assert (ours.cert_reqs, ours.ca_certs) == (theirs.cert_reqs, theirs.ca_certs)
    assert (ours.cert_file, ours.key_file) == (theirs.cert_file, theirs.key_file)
    tls, known = ours.conn_kw["ssl_context"], theirs.conn_kw["ssl_context"]
    assert tls.get_ciphers() == known.get_ciphers()
    assert tls.options & known.options == known.options
    assert tls.verify_mode is known.verify_mode
    assert tls.minimum_version >= known.minimum_version
    assert tls.verify_flags & known.verify_flags == known.verify_flags


def test_certificates_are_botocores_where_certifi_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "certifi", None)

    ours: Any = connection_pool("https://sqs.eu-west-1.amazonaws.com", None, 1.0, 2.0, maxsize=7)

    assert ours.ca_certs == DEFAULT_CA_BUNDLE


def test_a_refusal_is_left_to_boto3_which_makes_all_calls_from_then_on(peer: Peer) -> None:
    queue = peer.transport().queue(URL)
    queue.receive(10, 0, None)
    for _ in range(2):
        peer.will_refuse("AccessDeniedException", "AccessDenied", "not for you", status=403)

    with pytest.raises(ReceiveFailed, match="not for you") as caught:
        queue.receive(10, 0, None)
    queue.delete(["handle"])

    assert caught.value.code == "AccessDenied"
    assert by_boto3(peer) == [False, False, True, True]


@pytest.mark.parametrize("text", [b"", b"no JSON", b"[]", b'{"Messages": 1}'])
def test_a_response_that_cannot_be_parsed_is_left_to_boto3(peer: Peer, text: bytes) -> None:
    peer.will_say(text)
    peer.will_answer(Messages=[{"MessageId": "1", "ReceiptHandle": "h", "Body": "hello"}])

    (record,) = peer.transport().queue(URL).receive(10, 0, None)

    assert record.body == "hello"
    assert by_boto3(peer) == [False, True]


def test_a_connection_that_fails_is_left_to_boto3(peer: Peer) -> None:
    peer.will_hang_up()
    peer.will_answer(Messages=[{"MessageId": "1", "ReceiptHandle": "h", "Body": "hello"}])

    (record,) = peer.transport().queue(URL).receive(10, 0, None)

    assert record.body == "hello"
    assert by_boto3(peer) == [False, True]


def test_a_refused_connection_has_boto3s_error() -> None:
    with pytest.raises(ReceiveFailed) as caught:
        AwsTransport(ClientSettings(endpoint_url="http://127.0.0.1:9", attempts=1)).queue(URL).receive(
            1, 0, None
        )

    assert caught.value.code == "EndpointConnectionError"


def test_any_other_call_is_boto3s(peer: Peer) -> None:
    queue = peer.transport().queue(URL)

    queue.sources()
    queue.receive(10, 0, None)

    assert by_boto3(peer) == [True, True]


@pytest.mark.parametrize("trusted", [True, False])
def test_the_certificate_of_the_server_is_verified(
    secure_peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    queue = secure_peer.transport().queue(URL)
    if trusted:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
        queue.receive(10, 0, None)
        assert by_boto3(secure_peer) == [False]
    else:
        with pytest.raises(ReceiveFailed) as caught:
            queue.receive(10, 0, None)
        assert caught.value.code == "SSLError"
        assert secure_peer.questions == []


def test_a_certificate_of_another_host_is_refused(
    secure_peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a certificate of 127.0.0.1
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
    elsewhere = secure_peer.url.replace("127.0.0.1", "localhost")

    with pytest.raises(ReceiveFailed) as caught:
        secure_peer.transport(endpoint_url=elsewhere).queue(URL).receive(10, 0, None)

    assert caught.value.code == "SSLError"
    assert secure_peer.questions == []


def test_a_poll_that_is_interrupted_is_not_made_again(peer: Peer) -> None:
    queue = peer.transport().queue(URL)
    peer.will_wait()
    interruption = Interruption()

    def poll() -> None:
        with interruption:
            queue.receive(10, 20, 60)

    with ThreadPoolExecutor() as threads:
        polling = threads.submit(poll)
        until(lambda: len(peer.questions) == 1)
        interruption.interrupt()
        with pytest.raises(CallInterrupted):
            polling.result(PATIENCE)
    peer.answer_now()
    queue.receive(10, 0, None)

    assert by_boto3(peer) == [False, False]


@pytest.mark.parametrize(
    "settings", [{"fast_path": False}, {"validate": True}, {"region": "elasticmq"}], ids=str
)
def test_settings_that_only_boto3_knows_load_it(peer: Peer, settings: dict[str, Any]) -> None:
    peer.transport(**settings).queue(f"{peer.url}/0/orders" if "region" in settings else URL).receive(
        1, 0, None
    )

    assert by_boto3(peer) == [True]


def test_a_profile_is_boto3s(peer: Peer) -> None:
    with pytest.raises(ConfigurationError, match="nobodys"):
        peer.transport(profile="nobodys").queue(URL).receive(1, 0, None)


@pytest.mark.parametrize(
    "file", [".aws/config", ".aws/credentials", ".aws/models/sqs/2012-11-05/service-2.json", ".boto"]
)
def test_a_file_of_aws_is_boto3s(peer: Peer, tmp_path: Path, file: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")

    plain = peer.transport()._plain

    assert plain is not None
    assert plain.origin("sqs", "eu-west-1") is None


def test_a_publish_needs_no_boto3(peer: Peer) -> None:
    body = "<PublishBatchResponse><PublishBatchResult><Successful><member><Id>0</Id><MessageId>m</MessageId>"
    peer.will_say(f"{body}</member></Successful></PublishBatchResult></PublishBatchResponse>".encode())

    (sent,) = peer.transport().publisher().publish(TOPIC, [Outgoing("x")])

    assert sent.message_id == "m"  # type: ignore[union-attr]
    assert by_boto3(peer) == [False]


STORY = """
import os, sys
{before}
from pubsub_tasks.transports.aws.client_settings import ClientSettings
from pubsub_tasks.transports.aws.fast_path.connection_pool import connection_pool
from pubsub_tasks.transports.aws.transport import AwsTransport
queue = AwsTransport(ClientSettings(endpoint_url={url!r}, attempts=1)).queue({queue!r})
queue.receive(10, 0, None)
child = os.fork()
queue.delete(["handle"])
if child:
    assert os.waitpid(child, 0)[1] == 0
print("botocore.client" in sys.modules)
"""


@pytest.mark.parametrize(
    ("before", "loaded"),
    [
        ("", False),
        ("import boto3", True),
        ("sys.modules['ddtrace'] = os  # it patches botocore when that is imported", True),
    ],
)
def test_boto3_is_used_where_the_application_has_loaded_it_or_waits_to_patch_it(
    peer: Peer, before: str, loaded: bool
) -> None:
    # In a process of its own, which also forks one
    story = STORY.format(before=before, url=peer.url, queue=URL)

    told = subprocess.run([sys.executable, "-c", story], capture_output=True, text=True, check=True).stdout

    assert told.split() == [str(loaded)] * 2
    assert by_boto3(peer) == [loaded] * 3
