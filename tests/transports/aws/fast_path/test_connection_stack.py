"""Connections carry one call at a time, and none after a response that was not read to its end."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event, main_thread
from types import SimpleNamespace
from typing import Any

import pytest

from pubsub_tasks.errors import ReceiveFailed, SettleFailed
from pubsub_tasks.transports.sqs import SqsQueue
from pubsub_tasks.wire.records import Outgoing, Sent
from tests.transports.aws.fast_path.conftest import CLOSE, RawService, plain, receives
from tests.transports.conftest import certificate

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
PATIENCE = 60

PLAIN_AND_TLS = pytest.mark.parametrize("service", ["http", "https"], indirect=True)


def receive(queue: SqsQueue) -> str:
    """The body of the one message that is received, or an empty string."""
    return "".join(record.body for record in queue.receive(10, 0, None))


def at_once(queue: SqsQueue, service: RawService, calls: int) -> None:
    """Make calls that are all answered once all were made."""
    together = Barrier(calls)
    for _ in range(calls):
        service.will_send(together.wait, plain())
    with ThreadPoolExecutor(calls) as threads:
        list(threads.map(queue.delete, [["handle"]] * calls))


@pytest.fixture
def queue(service: RawService) -> SqsQueue:
    """A queue whose client has made its first call, by botocore."""
    queue = service.transport().queue(URL)
    receive(queue)
    return queue


def test_the_connection_that_botocore_opened_is_used_on(queue: SqsQueue, service: RawService) -> None:
    for _ in range(3):
        receive(queue)

    assert service.calls == [1, 1, 1, 1]
    assert service.by_botocore == [True, False, False, False]


@PLAIN_AND_TLS
def test_calls_at_the_same_time_have_their_own_connections_and_responses(
    queue: SqsQueue, service: RawService
) -> None:
    # Given four calls that are all answered once all were made
    together = Barrier(4)
    for number in range(4):
        service.will_send(together.wait, receives(f"message {number}"))

    with ThreadPoolExecutor(4) as threads:
        answers = sorted(threads.map(receive, [queue] * 4))

    assert answers == [f"message {number}" for number in range(4)]
    assert len(set(service.calls[1:])) == 4
    # And when later calls come one by one, then the connection used last is used again
    before = len(service.calls)
    for _ in range(3):
        receive(queue)
    assert len(set(service.calls[before:])) == 1


@PLAIN_AND_TLS
def test_a_connection_closed_between_calls_is_replaced(queue: SqsQueue, service: RawService) -> None:
    receive(queue)
    service.close_all()
    service.will_send(receives("first"))

    assert receive(queue) == "first"
    assert service.calls == [1, 1, 2]
    assert service.by_botocore == [True, False, False]


def test_a_connection_that_the_service_announces_to_close_is_not_used_again(
    queue: SqsQueue, service: RawService
) -> None:
    service.will_send(plain(headers="Connection: close\r\n"))
    receive(queue)

    receive(queue)

    assert service.calls == [1, 1, 2]
    assert service.by_botocore == [True, False, False]


@pytest.mark.parametrize(
    "steps",
    [
        (CLOSE,),
        (b"HTTP/1.1 200 OK\r\nContent-Le", CLOSE),
        (plain()[:-1], CLOSE),
        (plain() + plain(),),
        (plain() + b"x",),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 20_000,),
        (b"\0" * 100 + b"\r\n\r\n",),
    ],
    ids=["nothing", "half a head", "half a body", "two responses", "surplus", "two lengths", "large", "junk"],
)
def test_a_response_that_cannot_be_trusted_is_a_failed_attempt_of_boto3s_call(
    queue: SqsQueue, service: RawService, steps: tuple[bytes, ...]
) -> None:
    service.will_send(*steps)
    with pytest.raises(ReceiveFailed) as caught:
        receive(queue)
    assert caught.value.code == "ConnectionClosedError"
    service.will_send(receives("mine"))

    assert receive(queue) == "mine"
    assert service.calls == [1, 1, 2]
    assert service.by_botocore == [True, False, False]


@pytest.mark.parametrize("service", ["https"], indirect=True)
def test_nothing_is_sent_to_a_service_with_a_wrong_certificate(
    queue: SqsQueue, service: RawService, tmp_path: Path
) -> None:
    # Given a connection that the fast path opened, to a service with a private certificate
    service.close_all()
    receive(queue)
    assert service.by_botocore == [True, False]
    assert service.calls == [1, 2]

    # When another one answers in its place, whose certificate nobody trusts
    assert service.tls is not None
    service.tls.load_cert_chain(certificate(tmp_path / "another.pem"))
    service.close_all()

    with pytest.raises(ReceiveFailed) as caught:
        receive(queue)
    assert caught.value.code == "SSLError"
    assert service.calls == [1, 2]


@pytest.mark.parametrize("service", ["https"], indirect=True)
def test_large_requests_and_responses_go_through_tls(queue: SqsQueue, service: RawService) -> None:
    queue.send([Outgoing("first")])
    body = "x" * 1_000_000
    service.will_send(plain(b'{"Successful": [{"Id": "0", "MessageId": "m-1"}]}'))
    service.will_send(receives(body))

    assert queue.send([Outgoing(body)]) == [Sent("m-1")]
    assert receive(queue) == body
    assert service.by_botocore[2:] == [False, False]


@PLAIN_AND_TLS
def test_a_response_that_nobody_asked_for_is_never_a_response(queue: SqsQueue, service: RawService) -> None:
    receive(queue)
    service.send_unasked(receives("another's"))
    service.will_send(receives("mine"))

    assert receive(queue) == "mine"
    assert service.calls == [1, 1, 2]


@PLAIN_AND_TLS
def test_a_late_response_is_never_that_of_another_call(service: RawService) -> None:
    # Given a call that is answered after it timed out
    queue = service.transport(read_timeout=1.0, wait=0).queue(URL)
    queue.delete(["first"])
    timed_out, answered = Event(), Event()
    service.will_send(lambda: timed_out.wait(PATIENCE), receives("late"), answered.set)
    with pytest.raises(SettleFailed, match="Read timeout"):
        queue.delete(["late"])
    timed_out.set()
    assert answered.wait(PATIENCE)
    # When another call is made
    service.will_send(plain(b'{"Successful": [{"Id": "0"}]}'))
    assert queue.delete(["mine"]) == [None]
    # Then it has another connection
    assert service.calls == [1, 1, 2]


def test_after_a_timeout_no_idle_connection_is_trusted(service: RawService) -> None:
    # Given two connections, of which one does not answer any more
    queue = service.transport(read_timeout=1.0, wait=0).queue(URL)
    queue.delete(["first"])
    at_once(queue, service, 2)
    timed_out = Event()
    service.will_send(lambda: timed_out.wait(PATIENCE))
    with pytest.raises(SettleFailed, match="Read timeout"):
        queue.delete(["silent"])
    timed_out.set()

    # Then the next call uses neither
    queue.delete(["next"])
    assert service.calls[-1] == 3


def test_no_more_connections_than_set_are_kept(service: RawService) -> None:
    queue = service.transport(max_pool_connections=1).queue(URL)
    queue.delete(["first"])

    for _ in range(2):
        at_once(queue, service, 2)

    assert len(set(service.calls)) == 3
    assert service.by_botocore.count(True) == 1


def test_connections_have_the_timeouts_of_their_client(service: RawService) -> None:
    transport = service.transport(read_timeout=7.0, connect_timeout=3.0)
    queue = transport.queue(URL)
    queue.delete(["first"])
    service.close_all()
    queue.delete(["second"])

    fast_path = transport.boto3.clients.service_client("sqs", "eu-west-1", 7.0).fast_path
    assert fast_path is not None
    assert fast_path._endpoint is not None
    (connection,) = fast_path._endpoint.connections._idle
    assert connection._sock.gettimeout() == 7.0


def test_calls_are_left_to_boto3_if_its_connections_have_no_socket(service: RawService) -> None:
    # As with libraries that record and replay requests
    transport = service.transport()
    queue = transport.queue(URL)
    queue.delete(["first"])
    fast_path = transport.boto3.clients.service_client("sqs", "eu-west-1", 10.0).fast_path
    assert fast_path is not None
    assert fast_path._endpoint is not None
    opened = SimpleNamespace(sock=object(), close=lambda: None)
    fast_path._endpoint.connections._pool = SimpleNamespace(_get_conn=lambda: opened, timeout=None)

    for _ in range(2):
        queue.delete(["next"])

    assert service.by_botocore == [True, True, True]


@PLAIN_AND_TLS
def test_a_slow_response_is_read_to_its_end(queue: SqsQueue, service: RawService) -> None:
    response = receives("slow")
    service.will_send(*[response[place : place + 1] for place in range(len(response))])

    assert receive(queue) == "slow"


def test_a_chunked_response_is_read_and_later_calls_are_botocores(
    queue: SqsQueue, service: RawService
) -> None:
    # A service that sends one chunked response sends more, and botocore keeps its connection
    _, _, body = receives("in chunks").partition(b"\r\n\r\n")
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (
        len(body),
        body,
    )
    for _ in range(3):
        service.will_send(chunked)

    assert [receive(queue) for _ in range(3)] == ["in chunks"] * 3
    assert service.by_botocore == [True, False, True, True]


def test_a_call_that_is_made_without_boto3_is_not_repeated_for_a_chunked_response(
    service: RawService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Given a process that has not loaded boto3
    monkeypatch.setattr("pubsub_tasks.transports.aws.without_boto3.plain_calls.WATCHERS", frozenset())
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in [name for name in os.environ if name.upper().endswith(("_FILE", "_BUNDLE", "_PROXY"))]:
        monkeypatch.delenv(name)
    queue = service.transport().queue(URL)
    _, _, body = receives("in chunks").partition(b"\r\n\r\n")
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    service.will_send(head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))

    assert receive(queue) == "in chunks"
    assert service.by_botocore == [False]
    receive(queue)
    assert service.by_botocore == [False, True]


def test_an_error_that_ends_with_the_connection_is_read(queue: SqsQueue, service: RawService) -> None:
    error = b'{"__type": "com.amazonaws.sqs#InternalError", "message": "sorry"}'
    service.will_send(b"HTTP/1.1 500 Internal Server Error\r\n\r\n" + error, CLOSE)
    with pytest.raises(ReceiveFailed, match="sorry"):
        receive(queue)

    receive(queue)
    assert service.by_botocore == [True, False, False]


@pytest.fixture
def interrupts() -> Iterator[list[int]]:
    """Receipts of SIGUSR1 in the main thread."""
    received: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: received.append(number))
    yield received
    signal.signal(signal.SIGUSR1, before)


def kill_main_thread() -> None:
    ident = main_thread().ident
    assert ident is not None
    signal.pthread_kill(ident, signal.SIGUSR1)


@PLAIN_AND_TLS
def test_a_signal_in_the_middle_of_a_response_changes_nothing(
    queue: SqsQueue, service: RawService, interrupts: list[int]
) -> None:
    response = receives("mine")
    steps = [response[:10], response[10:60], response[60:-1], response[-1:]]
    service.will_send(*[each for step in steps for each in (kill_main_thread, step)])

    assert receive(queue) == "mine"
    assert interrupts
    assert service.by_botocore == [True, False]


@PLAIN_AND_TLS
def test_an_exception_of_a_signal_handler_ends_the_connection(
    queue: SqsQueue, service: RawService, interrupts: list[int]
) -> None:
    # Given a signal handler that raises in the middle of a response, as that of Ctrl-C
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGUSR1, interrupt)
    go_on = Event()
    response = receives("another's")
    service.will_send(response[:40], kill_main_thread, lambda: go_on.wait(PATIENCE), response[40:])
    with pytest.raises(KeyboardInterrupt):
        receive(queue)
    go_on.set()

    # When the program goes on, then its next call has another connection
    service.will_send(receives("mine"))
    assert receive(queue) == "mine"
    assert service.calls == [1, 1, 2]


def test_a_call_within_a_signal_handler_has_its_own_connection(
    queue: SqsQueue, service: RawService, interrupts: list[int]
) -> None:
    nested: list[str] = []
    done = Event()

    def call(*_: Any) -> None:
        nested.append(receive(queue))
        done.set()

    signal.signal(signal.SIGUSR1, call)
    outer = receives("outer")
    service.will_send(outer[:40], kill_main_thread, lambda: done.wait(PATIENCE), outer[40:])
    service.will_send(receives("inner"))

    assert receive(queue) == "outer"
    assert nested == ["inner"]
    assert service.calls == [1, 1, 2]


FORKS = """
import os, signal, sys
from pubsub_tasks.errors import ReceiveFailed, SettleFailed
from pubsub_tasks.transports.aws.clients import ClientSettings
from pubsub_tasks.transports.aws.transport import AwsTransport

queue = AwsTransport(ClientSettings(endpoint_url=sys.argv[1], attempts=1)).queue(sys.argv[2])
receive = lambda: [record.body for record in queue.receive(10, 0, None)]
tell = lambda text: os.write(1, f"{text}\\n".encode())  # whole lines, since both processes write
receive(), receive()
parent, child = os.getpid(), []
signal.signal(signal.SIGUSR1, lambda *_: child.append(os.fork()))
tell(parent)
try:
    tell(f"{'parent' if os.getpid() == parent else 'child'}: {receive()}")
except ReceiveFailed as error:
    assert os.getpid() != parent
    tell(f"child: {error.code} {receive()}")
    os._exit(0)
assert child and os.waitpid(child[0], 0)[1] == 0
"""


@PLAIN_AND_TLS
def test_a_fork_in_the_middle_of_a_response_leaves_it_to_the_parent(service: RawService) -> None:
    # Given a process whose signal handler forks while it waits for a response
    command = [sys.executable, "-c", textwrap.dedent(FORKS), service.url, URL]
    response = receives("the parent's")
    forked = Event()
    service.will_send(plain())
    service.will_send(plain())
    service.will_send(response[:40], lambda: forked.wait(PATIENCE), response[40:])
    service.will_send(receives("the child's"), forked.set)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        while len(service.calls) < 3:
            assert process.poll() is None
        os.kill(pid, signal.SIGUSR1)
        # Then the child's call fails, its next one has another connection, and the parent's goes on
        told = process.stdout.read().splitlines()
    assert process.returncode == 0
    assert sorted(told) == ['child: ConnectionClosedError ["the child\'s"]', 'parent: ["the parent\'s"]']
    assert service.calls == [1, 1, 1, 2]
