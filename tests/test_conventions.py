"""Handlers of lifecycle messages, which fetch the resource that a message tells of."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pubsub_tasks.conventions import URIHandler, changed, created, deleted
from pubsub_tasks.decorators import handles
from pubsub_tasks.dispatching.dispatcher import Dispatcher
from pubsub_tasks.errors import ResourceRefused, TransportError
from pubsub_tasks.messages.headers import headers
from pubsub_tasks.signals import Nack, SkipMessage
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.verdicts import Ack, DeadLetter, Retry
from tests.samples import NOW, delivery


class Service:
    """A server with resources by path: a status and a body each; it remembers what it was asked."""

    def __init__(self) -> None:
        self.resources: dict[str, tuple[int, str]] = {"/orders/1": (200, '{"id": 1, "status": "DONE"}')}
        self.asked: list[dict[str, str]] = []
        service = self

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                service.asked.append(dict(self.headers))
                status, body = service.resources.get(self.path, (404, "{}"))
                self.send_response(status)
                if status == 302:
                    self.send_header("location", body)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    thread = threading.Thread(target=service.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield service
    service.server.shutdown()
    service.server.server_close()
    thread.join()


@dataclass
class Order:
    id: int
    status: str


class OrderHandler(URIHandler):
    resource_type = Order
    allowed_hosts = ("127.0.0.1",)
    forwarded_headers = ("x-request-id", "name", "bad name", "x-bad", "x-uni")

    def handle(self, message, uri, resource):
        self.handled = resource
        return resource.status == "DONE"


@pytest.fixture
def handler() -> OrderHandler:
    return OrderHandler()


def message(service: Service, path: str = "/orders/1", **content: str) -> dict[str, str]:
    return {"uri": service.url + path, **content}


def test_the_resource_is_fetched_and_handled_as_its_type(service: Service, handler: OrderHandler) -> None:
    assert handler(message(service)) is True

    assert handler.handled == Order(1, "DONE")


def test_the_context_of_the_message_goes_along_as_far_as_http_carries_it(
    service: Service, handler: OrderHandler
) -> None:
    told = {
        "x-secret": "s",
        "X-Request-Id": "r-1",
        "name": "Zoë",
        "bad name": "x",
        "x-bad": "a\nb",
        "x-uni": "\u2713",
    }
    with headers(told):
        handler(message(service))

    (asked,) = service.asked
    assert (asked["X-Request-Id"], asked["name"], asked["accept"]) == ("r-1", "Zoë", "application/json")
    assert not asked.keys() & {"x-secret", "bad name", "x-bad", "x-uni"}


def test_a_redirect_is_followed(service: Service, handler: OrderHandler) -> None:
    service.resources["/moved"] = (302, "/orders/1")

    assert handler(message(service, "/moved")) is True


def test_a_resource_that_is_not_there_yet_is_tried_again(service: Service) -> None:
    with pytest.raises(Nack) as raised:
        OrderHandler(resource_nack_timeout=7)(message(service, "/none"))
    assert raised.value.seconds == 7

    with pytest.raises(Nack) as raised:
        OrderHandler()(message(service, "/none"))
    assert raised.value.seconds is None


def test_a_handler_may_take_its_absence_for_a_failure(service: Service, handler: OrderHandler) -> None:
    handler.nack_if_not_found = False

    with pytest.raises(TransportError, match="answered with 404"):
        handler(message(service, "/none"))


@pytest.mark.parametrize(
    ("status", "body", "told"), [(500, "", "answered with 500"), (403, "{}", "403"), (200, "<p>", "not JSON")]
)
def test_another_answer_is_a_failure_that_tells_it(
    service: Service, handler: OrderHandler, status: int, body: str, told: str
) -> None:
    service.resources["/x"] = (status, body)

    with pytest.raises(TransportError, match=told):
        handler(message(service, "/x"))


def test_no_answer_is_a_failure_that_tells_it(handler: OrderHandler) -> None:
    with pytest.raises(TransportError, match=r"GET http://127\.0\.0\.1:1/ failed"):
        handler({"uri": "http://127.0.0.1:1/"})


@pytest.mark.parametrize(
    ("field", "told"), [("status", "DONE"), ("status", None), ("id", "1"), ("gone", "null"), (None, None)]
)
def test_a_changed_field_with_its_new_value_is_handled(
    service: Service, field: str | None, told: str | None
) -> None:
    assert OrderHandler()(message(service, field_name=field, new_value=told)) is True


def test_a_changed_field_that_has_not_its_new_value_yet_is_tried_again(
    service: Service, handler: OrderHandler
) -> None:
    with pytest.raises(Nack):
        handler(message(service, field_name="status", new_value="PAID"))

    handler.nack_if_not_found = False
    assert handler(message(service, field_name="status", new_value="PAID")) is True


def test_a_message_that_needs_no_resource_is_skipped_without_asking(service: Service) -> None:
    class Choosy(OrderHandler):
        def get_reason_to_skip(self, message, uri):
            return "not mine"

    with pytest.raises(SkipMessage, match="not mine"):
        Choosy()(message(service))
    assert service.asked == []


def test_by_default_no_header_of_a_message_but_the_request_id_goes_along(service: Service) -> None:
    class Plain(URIHandler):
        allowed_hosts = ("localhost",)

    with headers({"authorization": "Bearer x", "cookie": "c", "host": "elsewhere", "x-request-id": "r"}):
        Plain()(message(service))

    (asked,) = service.asked
    assert asked["x-request-id"] == "r"
    assert asked["host"] == service.url.removeprefix("http://")
    assert not {name.lower() for name in asked} & {"authorization", "cookie"}


def test_a_host_that_is_not_allowed_and_not_public_is_not_asked(service: Service) -> None:
    with pytest.raises(ResourceRefused, match=r"127\.0\.0\.1, which is not public.*allowed_hosts"):
        URIHandler()(message(service))

    assert service.asked == []


def test_a_resource_that_is_too_large_is_a_failure(service: Service) -> None:
    class Small(OrderHandler):
        max_resource_size = 10

    with pytest.raises(TransportError, match="more than 10 bytes"):
        Small()(message(service))


# In a worker's dispatch


def test_a_uri_that_may_not_be_fetched_is_dead_lettered_at_once(service: Service) -> None:
    tasks = Tasks()
    handles(created("order"), tasks=tasks)(URIHandler)

    decided = verdict(Dispatcher(tasks, "default"), created("order"), **message(service))

    assert isinstance(decided, DeadLetter)
    assert service.asked == []


@pytest.fixture
def dispatcher() -> Dispatcher:
    tasks = Tasks()
    for media_type in (created("order"), changed("order")):
        handles(media_type, tasks=tasks)(OrderHandler)

    @handles(deleted("order"), tasks=tasks)
    def forget(content):
        return content["id"] == "7"

    return Dispatcher(tasks, "default")


def verdict(dispatcher: Dispatcher, media_type: str, attempt: int = 1, **content: str) -> object:
    call = dispatcher.prepare(delivery(media_type=media_type, attempt=attempt, **content), NOW)
    return dispatcher.run(call, lambda: NOW)


def test_unregistered_lifecycle_types_have_a_schema_by_convention(
    dispatcher: Dispatcher, service: Service
) -> None:
    assert verdict(dispatcher, created("order"), **message(service)) == Ack()
    assert verdict(dispatcher, changed("order"), **message(service), field_name="id", new_value="1") == Ack()
    assert verdict(dispatcher, deleted("order"), id="7") == Ack()


def test_a_404_is_a_retry_until_the_policy_says_stop(dispatcher: Dispatcher, service: Service) -> None:
    first = verdict(dispatcher, created("order"), **message(service, "/none"))
    last = verdict(dispatcher, created("order"), attempt=5, **message(service, "/none"))

    assert isinstance(first, Retry)
    assert isinstance(last, DeadLetter)
    assert last.reason == "exhausted"
