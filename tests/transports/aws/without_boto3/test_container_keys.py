"""A container's keys are fetched without botocore, refreshed by it, and left to boto3 where that fails."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from pubsub_tasks.errors import ReceiveFailed
from pubsub_tasks.transports.aws.without_boto3 import container_keys, plain_calls
from pubsub_tasks.wire.records import Outgoing
from tests.transports.conftest import KeyServer, Peer
from tests.worker.shop import PATIENCE

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"
FULL_URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"


@pytest.fixture(autouse=True)
def nothing_but_a_container(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, peer: Peer, key_server: KeyServer
) -> None:
    """The address of a container's keys is all, and boto3 counts as not loaded."""
    mine = ("_FILE", "_BUNDLE", "_PROXY", "_ID", "_KEY")
    for name in [name for name in os.environ if name.upper().endswith(mine)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(FULL_URI, f"{key_server.url}/v1/credentials")
    monkeypatch.setattr(plain_calls, "WATCHERS", frozenset())
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)


def by_boto3(peer: Peer) -> list[bool]:
    return [question.by_botocore for question in peer.questions]


def keys_of(peer: Peer) -> list[str]:
    assert all(question.token == f"token-of-the-container-{question.key}" for question in peer.questions)
    return [question.key for question in peer.questions]


def test_keys_are_fetched_once_and_sign_all_calls(peer: Peer, key_server: KeyServer) -> None:
    queue = peer.transport().queue(URL)

    queue.receive(10, 20, None)
    queue.receive(10, 0, None)
    queue.delete(["handle"])

    assert key_server.asked == [("/v1/credentials", None)]
    assert keys_of(peer) == ["1", "1", "1"]
    assert by_boto3(peer) == [False] * 3


def test_a_request_is_boto3s_but_for_the_marks_of_its_attempts(peer: Peer) -> None:
    peer.transport().queue(URL).receive(10, 20, 60, "attempt")
    by_boto3 = peer.transport()
    by_boto3.client("sqs", "eu-west-1")
    by_boto3.queue(URL).receive(10, 20, 60, "attempt")

    plain, theirs = peer.questions
    theirs.by_botocore = False
    theirs.key, theirs.token = plain.key, plain.token
    assert plain == theirs


def test_keys_are_refreshed_as_botocore_does_before_they_expire(
    peer: Peer, key_server: KeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    queue = peer.transport().queue(URL)
    key_server.minutes = 14.5  # less than 15: botocore asks for others, and makes do with these if it must
    queue.receive(10, 0, None)
    key_server.answers = [(500, b"")] * 3
    queue.receive(10, 0, None)
    key_server.minutes = 360
    queue.receive(10, 0, None)
    queue.receive(10, 0, None)

    assert keys_of(peer) == ["2", "2", "6", "6"]
    assert len(key_server.asked) == 6
    assert by_boto3(peer) == [False] * 4
    assert "Refreshing temporary credentials failed during advisory refresh period." in caplog.text


def test_a_worker_refreshes_keys_once_for_all_of_its_threads(peer: Peer, key_server: KeyServer) -> None:
    queue, together = peer.transport().queue(URL), Barrier(16)
    key_server.minutes = 5  # botocore lets every thread wait for new ones
    key_server.answers = [(200, key_server.keys())]
    key_server.minutes = 360

    def receive() -> None:
        together.wait(PATIENCE)
        queue.receive(10, 0, None)

    with ThreadPoolExecutor(16) as threads:
        for done in [threads.submit(receive) for _ in range(16)]:
            done.result()

    assert set(keys_of(peer)) == {"2"}
    assert len(key_server.asked) == 2
    assert by_boto3(peer) == [False] * 16


def test_keys_that_cannot_be_refreshed_in_time_are_left_to_boto3_which_asks_again(
    peer: Peer, key_server: KeyServer
) -> None:
    queue = peer.transport().queue(URL)
    key_server.minutes = 5
    key_server.answers = [(200, key_server.keys()), *[(500, b"")] * 6]

    with pytest.raises(ReceiveFailed, match="credentials cannot be read"):
        queue.receive(10, 0, None)
    key_server.minutes = 360
    queue.receive(10, 0, None)

    assert keys_of(peer) == ["8"]
    assert by_boto3(peer) == [True]


def test_the_token_is_read_anew_each_time_keys_are_fetched(
    peer: Peer, key_server: KeyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    monkeypatch.setenv(TOKEN_FILE, str(file))
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "not of the file")
    file.write_text("first")
    queue = peer.transport().queue(URL)
    key_server.minutes = 5
    key_server.answers = [(200, key_server.keys())]
    key_server.minutes = 360

    queue.receive(10, 0, None)
    file.write_text("second")
    peer.transport().queue(URL).receive(10, 0, None)

    assert [token for _, token in key_server.asked] == ["first", "first", "second"]
    assert by_boto3(peer) == [False] * 2


EXPIRATION = b'"Expiration": "2099-01-01T00:00:00Z"'
TRIPLE = b'"AccessKeyId": "1", "SecretAccessKey": "nothing", "Token": "token-of-the-container-1"'


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b""),
        (200, b""),
        (200, b"no JSON"),
        (200, b"[]"),
        (200, b"{%s}" % TRIPLE),
        (200, b'{%s, "AccessKeyId": "A"}' % EXPIRATION),
        (200, b'{%s, "AccessKeyId": 1, "SecretAccessKey": 2, "Token": 3}' % EXPIRATION),
        (200, b'{%s, "Expiration": "2099-01-01T00:00:00"}' % TRIPLE),
        (200, b'{%s, "Expiration": "tomorrow"}' % TRIPLE),
    ],
)
def test_a_response_without_keys_is_left_to_boto3(
    peer: Peer, key_server: KeyServer, status: int, body: bytes
) -> None:
    key_server.answers = [(status, body)]

    peer.transport().queue(URL).receive(10, 0, None)

    assert keys_of(peer) == ["2"]
    assert by_boto3(peer) == [True]


def test_a_server_of_keys_that_does_not_answer_is_left_to_boto3(
    peer: Peer, key_server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container_keys, "TIMEOUT", 0.1)
    key_server.answers = [(200, None)]

    peer.transport().queue(URL).receive(10, 0, None)

    assert keys_of(peer) == ["2"]
    assert by_boto3(peer) == [True]


def test_a_server_of_keys_that_is_not_there_has_boto3s_error(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FULL_URI, "http://127.0.0.1:1/keys")
    queue = peer.transport().queue(URL)

    for _ in range(2):
        with pytest.raises(ReceiveFailed, match="credentials cannot be read"):
            queue.receive(10, 0, None)


@pytest.mark.parametrize("token", ["two\nlines", "of another script: \u0416", None])
def test_a_token_that_cannot_be_sent_is_left_to_boto3(
    peer: Peer, key_server: KeyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    monkeypatch.setenv(TOKEN_FILE, str(tmp_path / "token"))
    if token is not None:
        (tmp_path / "token").write_text(token)
    queue = peer.transport().queue(URL)

    with pytest.raises(Exception, match="credentials cannot be read"):
        queue.receive(10, 0, None)

    assert key_server.asked == []


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId"])
def test_refused_keys_are_left_to_boto3_which_fetches_others(
    code: str, peer: Peer, key_server: KeyServer
) -> None:
    queue = peer.transport().queue(URL)
    queue.receive(10, 0, None)
    peer.will_refuse(code, code, "these keys are no good", status=403)

    queue.receive(10, 0, None)
    queue.receive(10, 0, None)

    assert keys_of(peer) == ["1", "1", "2", "2"]
    assert by_boto3(peer)[:3] == [False, False, True]


def test_a_publish_needs_no_boto3(peer: Peer) -> None:
    body = "<PublishBatchResponse><PublishBatchResult><Successful><member><Id>0</Id><MessageId>m</MessageId>"
    peer.will_say(f"{body}</member></Successful></PublishBatchResult></PublishBatchResponse>".encode())

    (sent,) = peer.transport().publisher().publish(TOPIC, [Outgoing("x")])

    assert sent.message_id == "m"  # type: ignore[union-attr]
    assert keys_of(peer) == ["1"]
    assert by_boto3(peer) == [False]


def test_the_time_until_a_refresh_is_botocores() -> None:
    from botocore.credentials import RefreshableCredentials
    from botocore.utils import ContainerMetadataFetcher

    minutes = RefreshableCredentials._advisory_refresh_timeout / 60
    assert container_keys.REFRESHED_BEFORE.total_seconds() / 60 == minutes
    assert container_keys.TIMEOUT == ContainerMetadataFetcher.TIMEOUT_SECONDS


STORY = """
import os, sys
from pubsub_tasks.transports.aws.client_settings import ClientSettings
from pubsub_tasks.transports.aws.transport import AwsTransport
queue = AwsTransport(ClientSettings(endpoint_url={url!r}, attempts=1)).queue({queue!r})
queue.receive(10, 0, None)
child = os.fork()
queue.delete(["handle"])
if child:
    assert os.waitpid(child, 0)[1] == 0
print("botocore.client" in sys.modules, "botocore.credentials" in sys.modules)
"""


def test_a_forked_process_fetches_keys_of_its_own(peer: Peer, key_server: KeyServer) -> None:
    # In a process of its own, which also shows what is imported
    story = STORY.format(url=peer.url, queue=URL)

    told = subprocess.run([sys.executable, "-c", story], capture_output=True, text=True, check=True).stdout

    assert told.split() == ["False"] * 4
    assert sorted(keys_of(peer)) == ["1", "1", "2"]
    assert by_boto3(peer) == [False] * 3
    assert len(key_server.asked) == 2
