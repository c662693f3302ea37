"""The app's tasks, and publishing from a form."""

import json
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from marshmallow import Schema, fields

from pubsub_tasks import PubSubMessageSchema, Tasks, task
from pubsub_tasks.content.codec import Codec
from pubsub_tasks.dashboard.content_example import content_example
from pubsub_tasks.errors import PublishFailed
from tests.dashboard.browsers import Shop, text_of

NAME = "tests.dashboard.test_task_pages.bill"


class Line(Schema):
    sku = fields.String(data_key="SKU")
    paid = fields.Boolean()


class Order(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.order"

    order_id = fields.String(required=True)
    total = fields.Decimal(as_string=True)
    count = fields.Integer()
    lines = fields.List(fields.Nested(Line))
    notes = fields.Dict()


class Sent:
    """A producer that remembers what it is given."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, Any]] = []

    def publish(self, codec: Codec, content: Any, options: object) -> str:
        self.messages.append((codec.media_type, content))
        return "id-of-message"


@pytest.fixture
def shop() -> Shop:
    tasks = Tasks()

    def bill(order_id: str, total: Decimal | None = None, **others: Any) -> None: ...

    bill.__module__, bill.__qualname__ = __name__, "bill"
    task(Order, queue="orders", tasks=tasks)(bill)
    return Shop(tasks=tasks)


def test_tasks_are_listed_with_queue_schema_and_policy(shop: Shop) -> None:
    page = text_of(shop.browser().get("/tasks"))

    assert f"{NAME} Publish… orders {Order.MEDIA_TYPE} {__name__}.Order" in page
    assert "attempts" in page


def test_the_form_has_a_draft_of_the_content(shop: Shop) -> None:
    page = unescape(shop.browser().get(f"/tasks/publish?task={NAME}").text)

    assert '"order_id": ""' in page


def test_a_draft_has_names_and_types_of_the_wire() -> None:
    assert content_example(Order()) == {
        "order_id": "",
        "total": "",
        "count": 0,
        "lines": [{"SKU": "", "paid": False}],
        "notes": {},
    }


def test_a_draft_of_a_schema_that_contains_itself_ends() -> None:
    class Tree(Schema):
        children = fields.List(fields.Nested(lambda: Tree()))

    json.dumps(content_example(Tree()))


def test_a_valid_message_is_published(shop: Shop) -> None:
    sent = Sent()
    shop.app.tasks.bind(sent)  # type: ignore[arg-type]

    told = shop.browser().post(
        "/tasks/publish", {"task": NAME, "content": '{"order_id": "o-1", "total": "9.5"}'}
    )

    assert "Published: message id id-of-message" in text_of(told)
    assert sent.messages == [(Order.MEDIA_TYPE, {"order_id": "o-1", "total": Decimal("9.5")})]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "not JSON"),
        ("[]", "content is a JSON object, and this is of type list"),
        ("{}", "order_id: ['Missing data for required field.']"),
        ('{"order_id": "o-1", "colour": 1}', "colour: ['Unknown field.']"),
        ('{"order_id": "<script>"' + ', "x": 1}', "Unknown field"),
    ],
)
def test_what_is_not_valid_is_told_kept_and_not_published(shop: Shop, content: str, problem: str) -> None:
    sent = Sent()
    shop.app.tasks.bind(sent)  # type: ignore[arg-type]

    told = shop.browser().post("/tasks/publish", {"task": NAME, "content": content})

    assert told.status_code == 400
    assert problem in unescape(told.text)
    assert content in unescape(told.text)
    assert '<script>"' not in told.text
    assert sent.messages == []


def test_content_is_kept_when_it_could_not_be_published(shop: Shop) -> None:
    class Refusing(Sent):
        def publish(self, codec: Codec, content: Any, options: object) -> str:
            raise PublishFailed("AuthorizationError", failed=[], published=[])

    shop.app.tasks.bind(Refusing())  # type: ignore[arg-type]

    told = shop.browser().post("/tasks/publish", {"task": NAME, "content": '{"order_id": "o-1"}'})

    assert told.status_code == 502
    assert "AuthorizationError" in told.text
    assert '{"order_id": "o-1"}' in unescape(told.text)


def test_an_unknown_task_is_told(shop: Shop) -> None:
    assert shop.browser().get("/tasks/publish?task=none").status_code == 400
    assert shop.browser().post("/tasks/publish", {"task": "none", "content": "{}"}).status_code == 400


def test_a_read_only_dashboard_publishes_nothing(shop: Shop) -> None:
    browser = shop.browser(read_only=True)

    assert "Publish" not in text_of(browser.get("/tasks"))
    assert browser.post("/tasks/publish", {"task": NAME, "content": "{}"}).status_code == 403
