"""Redrive, drop and export from the pages, with the safety of `pubsub-tasks dlq`."""

import json
import re
from html import unescape
from typing import Any

import httpx
import pytest

from pubsub_tasks.errors import SettleFailed
from tests.dashboard.browsers import Browser, Shop, text_of
from tests.dead_letters.samples import order
from tests.redrive.queues import QueuePair

REDRIVE, DROP = "/dead-letters/redrive", "/dead-letters/drop"


class SourceThatRefuses:
    """A transport whose source queue takes no message back."""

    def __init__(self, queues: QueuePair) -> None:
        self._queues = queues
        queues.source.script["send"] = [SettleFailed("no", code="AccessDenied")]

    def queue(self, url: str) -> Any:
        source = self._queues.source
        return source if url == source.url else self._queues.transport.queue(url)

    def queue_url(self, arn: str) -> str:
        return self._queues.transport.queue_url(arn)


def fields_of(answer: httpx.Response) -> dict[str, str]:
    """The hidden fields of the form of a question."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', answer.text)
    return {name: unescape(value) for name, value in found if name != "form_token"}


def ask_and_confirm(browser: Browser, action: str, **query: str) -> tuple[str, str]:
    """Returns the question and what was told afterwards."""
    question = browser.post(action, {"queue": "orders", **query})
    assert question.status_code == 200, question.text
    return text_of(question), text_of(browser.post(action, fields_of(question)))


def test_redrive_asks_first_and_then_moves_the_letters_back() -> None:
    shop = Shop()
    shop.fail(order("o-1"), order("o-2"))

    question, told = ask_and_confirm(shop.browser(), REDRIVE)

    assert "Redrive 2 letters from orders-dlq to orders?" in question
    assert "redrove 2 letters" in told
    assert shop.queues.visible_bodies() == []
    assert len(shop.queues.visible_bodies(shop.queues.source)) == 2


def test_a_question_alone_changes_nothing() -> None:
    shop = Shop()
    shop.fail(order("o-1"))

    for action in (REDRIVE, DROP):
        shop.browser().post(action, {"queue": "orders"})

    assert len(shop.queues.visible_bodies()) == 1


def test_drop_deletes_only_what_the_filter_matches() -> None:
    shop = Shop()
    shop.fail(order("o-1"), order("o-2"))

    question, told = ask_and_confirm(shop.browser(), DROP, where="order_id=o-1")

    assert "Drop 1 letter in orders-dlq?" in question
    assert "dropped 1 letter" in told
    assert [json.loads(body)["order_id"] for body in shop.queues.visible_bodies()] == ["o-2"]


def test_a_letter_that_arrives_after_the_question_is_left_alone() -> None:
    shop = Shop()
    shop.fail(order("o-1"))
    browser = shop.browser()
    question = browser.post(DROP, {"queue": "orders"})
    shop.fail(order("o-2"))

    told = browser.post(DROP, fields_of(question))

    assert "dropped 1 letter" in text_of(told)
    assert [json.loads(body)["order_id"] for body in shop.queues.visible_bodies()] == ["o-2"]


def test_a_letter_that_somebody_else_has_in_hand_is_told() -> None:
    shop = Shop()
    shop.fail(order("o-1"))
    browser = shop.browser()
    question = browser.post(REDRIVE, {"queue": "orders"})
    shop.queues.letters.queue.receive(10, 0, 600)

    told = text_of(browser.post(REDRIVE, fields_of(question)))

    assert "redrove 0 letters" in told
    assert "1 letter not processed" in told


def test_letters_of_a_fifo_group_follow_in_order() -> None:
    shop = Shop(fifo=True)
    for number in range(12):
        shop.fail(order(f"o-{number}"), group_id="g", fifo=True, message_id=f"sqs-{number}")

    question, told = ask_and_confirm(shop.browser(), REDRIVE)

    assert "and the letters behind them in their message groups?" in question
    assert "redrove 12 letters" in told


def test_a_failure_is_told_and_loses_nothing() -> None:
    shop = Shop()
    shop.fail(order("o-1"))
    shop.app.transport = SourceThatRefuses(shop.queues)  # type: ignore[assignment]

    _, told = ask_and_confirm(shop.browser(), REDRIVE)

    assert "stopped early" in told
    assert len(shop.queues.visible_bodies()) == 1


def test_a_redrive_to_another_queue_of_the_app() -> None:
    shop = Shop()
    shop.fail(order("o-1"))
    other = shop.queues.queue("others")
    shop.app.queues["others"] = other.url  # type: ignore[index]

    question, _ = ask_and_confirm(shop.browser(), REDRIVE, to="others")

    assert "from orders-dlq to others?" in question
    assert len(other.receive(10, 0, 60)) == 1


def test_no_queue_but_the_app_s_can_be_named() -> None:
    answer = Shop().browser().post(REDRIVE, {"queue": "orders", "to": "https://elsewhere"})

    assert answer.status_code == 400


def test_an_export_is_what_import_reads_and_leaves_the_letters() -> None:
    shop = Shop()
    shop.fail(order("o-1"), order("o-2"))

    answer = shop.browser().get("/dead-letters/export?queue=orders")

    assert answer.headers["content-disposition"] == 'attachment; filename="orders-dlq.jsonl"'
    assert [json.loads(line)["body"] for line in answer.text.splitlines()]
    assert len(shop.queues.visible_bodies()) == 2


@pytest.mark.parametrize("action", [REDRIVE, DROP])
def test_no_action_by_get_or_without_the_form_s_token(action: str) -> None:
    shop = Shop()
    shop.fail(order("o-1"))
    browser = shop.browser()
    fields = fields_of(browser.post(action, {"queue": "orders"}))
    typed = {"content-type": "application/x-www-form-urlencoded"}

    assert browser.get(f"{action}?{httpx.QueryParams(fields)}").status_code == 405
    assert browser.send("POST", action, typed, str(httpx.QueryParams(fields))).status_code == 403
    assert len(shop.queues.visible_bodies()) == 1


def test_a_read_only_dashboard_offers_and_does_nothing() -> None:
    shop = Shop()
    shop.fail(order("o-1"))
    browser = shop.browser(read_only=True)

    page = browser.get("/dead-letters?queue=orders").text

    assert "Export" in page
    assert "Redrive" not in page
    assert browser.post(DROP, {"queue": "orders"}).status_code == 403


def test_a_form_that_is_too_large_is_refused() -> None:
    assert Shop().browser().post(DROP, {"queue": "x" * 2_200_000}).status_code == 413
