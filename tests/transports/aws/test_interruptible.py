"""A receive that waits is ended at once, over plain and TLS connections, by botocore and without it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from pubsub_tasks.errors import ReceiveFailed
from pubsub_tasks.lifecycle.interruption import CallInterrupted, Interruption
from pubsub_tasks.transports.aws.interruptible import make_interruptible
from tests.transports.conftest import Peer
from tests.worker.shop import PATIENCE, until

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders.fifo"


def receives_of(peer: Peer) -> list[str | None]:
    return [
        question.params.get("ReceiveRequestAttemptId")
        for question in peer.questions
        if question.action == "ReceiveMessage"
    ]


@pytest.mark.parametrize("fast_path", [True, False])
@pytest.mark.parametrize("kind", ["peer", "secure_peer"])
def test_a_receive_that_waits_is_ended_and_not_repeated(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    kind: str,
    fast_path: bool,
) -> None:
    # Given a peer that lets a receive wait, and boto3's three attempts
    if kind == "secure_peer":
        monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "certificate.pem"))
    peer: Peer = request.getfixturevalue(kind)
    queue = peer.transport(fast_path=fast_path, attempts=3).queue(URL)
    queue.receive(1, 0, None, "before")
    peer.will_wait()
    interruption = Interruption()

    def poll() -> None:
        with interruption:
            queue.receive(10, 20, 60, "cut")

    with ThreadPoolExecutor() as threads:
        polling = threads.submit(poll)
        until(lambda: "cut" in receives_of(peer))
        # When it is interrupted
        interruption.interrupt()
        # Then it ends, without another try
        with pytest.raises(CallInterrupted):
            polling.result(PATIENCE)
    peer.answer_now()
    assert receives_of(peer) == ["before", "cut"]
    # And later calls go on: those that belong to it are not made, all others are
    with pytest.raises(CallInterrupted), interruption:
        queue.receive(10, 20, 60, "later")
    assert queue.receive(10, 0, 60, "cut") == []
    assert receives_of(peer) == ["before", "cut", "cut"]


def test_other_calls_of_the_same_client_go_on(peer: Peer) -> None:
    queue = peer.transport().queue(URL)
    queue.receive(1, 0, None)
    peer.will_wait()
    interruption = Interruption()

    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(queue.receive, 10, 20, 60, "other")
        until(lambda: "other" in receives_of(peer))
        interruption.interrupt()
        assert not waiting.done()
        peer.answer_now()
        assert waiting.result(PATIENCE) == []


def test_an_error_stays_an_error(peer: Peer) -> None:
    queue = peer.transport().queue(URL)
    queue.receive(1, 0, None)
    peer.will_hang_up()
    peer.will_hang_up()

    with pytest.raises(ReceiveFailed), Interruption():
        queue.receive(1, 0, None)


def test_a_client_that_is_made_otherwise_is_left_as_it_is() -> None:
    client = SimpleNamespace()

    make_interruptible(client)

    assert client == SimpleNamespace()
