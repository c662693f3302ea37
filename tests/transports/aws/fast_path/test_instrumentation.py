"""Code that watches or replaces botocore's calls sees each call; without it, the fast path makes them."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import pytest
from botocore.endpoint import Endpoint
from botocore.stub import Stubber
from moto.core.botocore_stubber import BotocoreStubber

from pubsub_tasks.transports.aws.fast_path.instrumentation import _METHODS
from pubsub_tasks.transports.aws.transport import AwsTransport
from pubsub_tasks.transports.sqs import SqsQueue
from tests.transports.conftest import Peer

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"


@pytest.fixture
def transport(peer: Peer) -> AwsTransport:
    return peer.transport()


@pytest.fixture
def queue(transport: AwsTransport) -> SqsQueue:
    """A queue whose calls the fast path makes."""
    queue = transport.queue(URL)
    for _ in range(2):
        queue.receive(10, 0, None)
    return queue


def client_of(transport: AwsTransport) -> Any:
    return transport.boto3.clients.service_client("sqs", "eu-west-1", 30.0).client


def next_is_by_botocore(queue: SqsQueue, peer: Peer) -> bool:
    queue.receive(10, 0, None)
    return peer.questions[-1].by_botocore


def traced(method: Callable[..., Any], calls: list[str]) -> Callable[..., Any]:
    @wraps(method)
    def call(*args: Any, **options: Any) -> Any:
        calls.append(method.__name__)
        return method(*args, **options)

    return call


@pytest.mark.parametrize(("owner", "name"), _METHODS, ids=lambda value: getattr(value, "__name__", value))
def test_a_library_that_patches_botocore_sees_each_call(
    queue: SqsQueue, peer: Peer, owner: type[Any], name: str
) -> None:
    calls: list[str] = []
    assert not next_is_by_botocore(queue, peer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, traced(getattr(owner, name), calls))
        assert next_is_by_botocore(queue, peer)
        assert next_is_by_botocore(queue, peer)
        assert len(calls) == 2

    assert not next_is_by_botocore(queue, peer)


class Wrapper:
    """A method's wrapper that says it equals the method, as those of `wrapt` do."""

    def __init__(self, wrapped: Callable[..., Any]) -> None:
        self._wrapped = wrapped

    def __eq__(self, other: object) -> bool:
        return self._wrapped == other

    def __hash__(self) -> int:
        return hash(self._wrapped)

    def __get__(self, instance: object, owner: type[Any]) -> Callable[..., Any]:
        return partial(self._wrapped, instance)


def test_a_wrapper_is_not_taken_for_what_it_wraps(
    queue: SqsQueue, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not next_is_by_botocore(queue, peer)

    monkeypatch.setattr(Endpoint, "make_request", Wrapper(Endpoint.make_request))

    assert next_is_by_botocore(queue, peer)


def test_a_client_whose_method_is_replaced_makes_each_call(
    transport: AwsTransport, queue: SqsQueue, peer: Peer
) -> None:
    client = client_of(transport)
    calls: list[str] = []
    client._make_api_call = traced(client._make_api_call, calls)

    assert next_is_by_botocore(queue, peer)
    assert calls == ["_make_api_call"]


@pytest.mark.parametrize("event", ["before-call", "request-created.sqs", "before-send.*.ReceiveMessage"])
def test_an_event_handler_of_the_application_sees_each_call(
    transport: AwsTransport, queue: SqsQueue, peer: Peer, event: str
) -> None:
    # Given a handler that is registered after the fast path has made calls
    seen: list[str] = []

    def watch(names: list[str], event_name: str, **_: Any) -> None:
        names.append(event_name)

    handler = partial(watch, seen)
    client_of(transport).meta.events.register(event, handler)

    assert next_is_by_botocore(queue, peer)
    assert next_is_by_botocore(queue, peer)
    assert len(seen) == 2
    # When it is removed, then the fast path makes calls again
    client_of(transport).meta.events.unregister(event, handler)
    assert not next_is_by_botocore(queue, peer)


def test_handlers_of_other_calls_do_not_matter(transport: AwsTransport, queue: SqsQueue, peer: Peer) -> None:
    client_of(transport).meta.events.register("before-send.sqs.SendMessage", lambda **_: None)
    client_of(transport).meta.events.register("before-send.s3", lambda **_: None)

    assert not next_is_by_botocore(queue, peer)


def test_botocores_stubber_makes_each_call(transport: AwsTransport, queue: SqsQueue, peer: Peer) -> None:
    before = len(peer.questions)
    with Stubber(client_of(transport)) as stubber:
        message = {"MessageId": "1", "ReceiptHandle": "h", "Body": "stubbed", "MD5OfBody": "m"}
        stubber.add_response("receive_message", {"Messages": [message]})
        (record,) = queue.receive(10, 0, None)

    assert record.body == "stubbed"
    assert len(peer.questions) == before


def test_motos_handler_matters_within_its_mocks_alone(
    transport: AwsTransport, queue: SqsQueue, peer: Peer
) -> None:
    stubber = BotocoreStubber()
    client_of(transport).meta.events.register("before-send", stubber)

    assert not next_is_by_botocore(queue, peer)
    stubber.enabled = True
    assert next_is_by_botocore(queue, peer)
    stubber.enabled = False
    assert not next_is_by_botocore(queue, peer)
