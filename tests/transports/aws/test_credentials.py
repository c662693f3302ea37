"""Sources of credentials fail in words of this package, and are read again once their keys are refused."""

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from json import dumps
from pathlib import Path
from threading import Barrier

import pytest

from pubsub_tasks.errors import ConfigurationError, ReceiveFailed
from pubsub_tasks.local import aws_query
from pubsub_tasks.transports.aws.clients import ClientSettings
from pubsub_tasks.transports.aws.transport import AwsTransport
from pubsub_tasks.wire.records import Outgoing, Sent
from tests.transports.conftest import SECRET, Peer

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"


@pytest.fixture
def files(peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the shared files `config` and `credentials` are; no keys are in the environment."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


def rewrite(files: Path, key: str) -> None:
    (files / "credentials").write_text(
        f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {SECRET}\n"
    )


def process(code: str) -> str:
    return f"[default]\ncredential_process = {sys.executable} -c {code!r}\n"


NO_SSO = (
    "[default]\nsso_start_url = https://x\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = r\n"
)


@pytest.mark.parametrize(
    "config",
    [
        process("print(chr(123))"),
        process("print([])"),
        process("print(1)"),
        process("raise SystemExit(1)"),
        "[default]\ncredential_process = /no/such/program\n",
        "[default]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = nobody\n",
        "[default]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = Nothing\n",
        "[default\n",
        "no section\n",
        NO_SSO,
    ],
)
def test_broken_credential_sources_are_configuration_errors(config: str, files: Path, peer: Peer) -> None:
    (files / "config").write_text(config)
    transport = peer.transport()

    for _ in range(2):
        with pytest.raises(ConfigurationError, match="credentials"):
            transport.queue(URL).receive(1, 0, None)
        with pytest.raises(ConfigurationError, match="credentials"):
            transport.publisher().publish(TOPIC, [Outgoing("x")])
        with pytest.raises(ConfigurationError, match="credentials"):
            transport.client("sqs", "eu-west-1")


def test_a_profile_without_credentials_is_reported(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    with pytest.raises(ConfigurationError, match=r"nobody.*AWS_PROFILE"):
        peer.transport().publisher().publish(TOPIC, [Outgoing("x")])


def test_a_credential_process_that_fails_later_is_reported(files: Path, peer: Peer) -> None:
    # Of credentials that are good for five minutes more botocore asks for new ones at each use.
    soon = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    keys = {"Version": 1, "AccessKeyId": "k", "SecretAccessKey": SECRET, "Expiration": soon}
    script = files / "keys.py"
    script.write_text(f"print({dumps(keys)!r})")
    (files / "config").write_text(f"[default]\ncredential_process = {sys.executable} {script}\n")
    queue = peer.transport().queue(URL)
    for _ in range(2):
        queue.receive(1, 0, None)
    script.write_text("print('no JSON')")

    with pytest.raises(ConfigurationError, match="credentials cannot be read"):
        queue.receive(1, 0, None)


def test_an_unavailable_credential_server_is_a_retriable_failure(
    files: Path, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/keys")
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0)

    with pytest.raises(ReceiveFailed, match="credentials cannot be read"):
        peer.transport().queue(URL).receive(1, 0, None)


@pytest.mark.parametrize("fast_path", [True, False])
@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "UnrecognizedClientException"])
def test_rewritten_keys_are_read_again_once_the_old_ones_are_refused(
    code: str, fast_path: bool, files: Path, peer: Peer
) -> None:
    rewrite(files, "old")
    queue = peer.transport(fast_path=fast_path).queue(URL)
    for _ in range(2):
        queue.receive(1, 0, None)
    rewrite(files, "new")
    peer.will_refuse(code, code, "these keys are no good", status=403)

    queue.receive(1, 0, None)
    queue.receive(1, 0, None)

    assert [question.key for question in peer.questions] == ["old", "old", "old", "new", "new"]


def test_a_publisher_rereads_refused_keys(files: Path, peer: Peer) -> None:
    rewrite(files, "old")
    publisher = peer.transport().publisher()
    answer = {"Successful": [{"Id": "0", "MessageId": "m-1"}], "Failed": []}
    peer.will_say(aws_query.write("PublishBatch", answer, "request"))
    publisher.publish(TOPIC, [Outgoing("x")])
    rewrite(files, "new")
    error = b"<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code></Error></ErrorResponse>"
    peer.answers.append((403, error, {}))
    peer.will_say(aws_query.write("PublishBatch", answer, "request"))

    assert publisher.publish(TOPIC, [Outgoing("x")]) == [Sent("m-1")]
    assert [question.key for question in peer.questions] == ["old", "old", "new"]


def test_keys_that_stay_the_same_are_refused_without_a_second_request(files: Path, peer: Peer) -> None:
    rewrite(files, "old")
    queue = peer.transport().queue(URL)
    peer.will_refuse("ExpiredToken", "ExpiredToken", "too old", status=403)

    with pytest.raises(ReceiveFailed) as caught:
        queue.receive(1, 0, None)

    assert caught.value.code == "ExpiredToken"
    assert len(peer.questions) == 1


def test_a_client_of_another_service_rereads_refused_keys(files: Path, peer: Peer) -> None:
    # As the store of large bodies does with S3's
    rewrite(files, "old")
    transport = peer.transport()
    peer.will_refuse("ExpiredToken", "ExpiredToken", "too old", status=403)
    with pytest.raises(transport.client("sqs", "eu-west-1").exceptions.ClientError):
        transport.client("sqs", "eu-west-1").get_queue_url(QueueName="orders")
    rewrite(files, "new")

    transport.client("sqs", "eu-west-1").get_queue_url(QueueName="orders")

    assert [question.key for question in peer.questions] == ["old", "new"]


def test_many_threads_have_a_connection_each(peer: Peer, caplog: pytest.LogCaptureFixture) -> None:
    queue = AwsTransport(ClientSettings(endpoint_url=peer.url)).queue(URL)
    together = Barrier(64)

    def receive() -> None:
        together.wait(30)
        queue.receive(1, 0, None)

    with ThreadPoolExecutor(64) as threads:
        for done in [threads.submit(receive) for _ in range(64)]:
            done.result()

    assert len(peer.questions) == 64
    assert [record.message for record in caplog.records if "pool is full" in record.message] == []
