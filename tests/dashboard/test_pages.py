"""The pages as a browser gets them."""

import json
import re
from collections import Counter
from html import unescape

import pytest

from pubsub_tasks.dashboard import letter_session
from tests.dashboard.browsers import Shop, text_of
from tests.dashboard.test_worker_status import ANSWER, QUEUE
from tests.dead_letters.samples import order

NASTY = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'&"


def test_the_overview_shows_each_queue_and_its_dead_letters() -> None:
    shop = Shop()
    shop.fail(order("o-1"), order("o-2"))
    shop.status = {**ANSWER, "queues": [{**QUEUE, "queue": "orders"}]}

    page = shop.browser().get("/")

    assert page.status_code == 200
    assert 'href="/dead-letters?queue=orders" class="bad">2</a>' in page.text
    assert "orders 0 0 0 0 - -" in text_of(page)


def test_the_overview_refreshes_itself_with_and_without_javascript() -> None:
    page = Shop().browser().get("/").text

    assert 'hx-trigger="every 5.0s"' in page
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page


def test_a_queue_that_cannot_be_read_is_told_and_harms_no_other() -> None:
    shop = Shop()
    shop.app.queues["gone"] = "https://sqs.us-east-1.amazonaws.com/000000000000/gone"  # type: ignore[index]

    page = text_of(shop.browser().get("/"))

    assert "gone" in page
    assert "there is no queue at https://sqs" in page
    assert "orders 0" in page


def test_workers_show_what_runs_and_what_is_wrong() -> None:
    shop = Shop()
    shop.status = {"orders-1": ANSWER, "orders-2": "no answer: refused"}

    page = text_of(shop.browser().get("/workers"))

    assert "box:8080 orders-1" in page
    assert "shop.bill m-1 2 4 s 20 s" in page
    assert "receives fail" in page
    assert "no answer: refused" in page


def test_the_overview_says_which_workers_are_in_trouble() -> None:
    shop = Shop()
    shop.status = {"orders-1": ANSWER, "orders-2": "no answer: refused"}

    page = text_of(shop.browser().get("/"))

    assert "box:8080 orders-1 : shop-orders: receives fail" in page
    assert "box:8080 orders-2 : no answer: refused" in page


@pytest.mark.parametrize("path", ["/", "/workers"])
def test_figures_that_are_old_say_so(path: str) -> None:
    shop = Shop()
    browser = shop.browser()
    assert "These figures are old" not in browser.get(path).text

    shop.queues.clock.advance(60)

    assert "These figures are old" in browser.get(path).text


def test_letters_are_grouped_and_listed_and_stay_in_the_queue() -> None:
    shop = Shop()
    shop.fail(order("o-1"), order("o-2"))
    shop.fail("no json", reason="undecodable", error=ValueError("not JSON"), task=None)

    page = text_of(shop.browser().get("/dead-letters?queue=orders"))

    assert "3 letters looked at in orders-dlq." in page
    assert "2 exhausted LookupError shop.tasks.bill" in page
    assert "1 undecodable ValueError" in page
    assert len(shop.queues.visible_bodies()) == 3


def test_a_filter_narrows_the_letters_down() -> None:
    shop = Shop()
    shop.fail(order("o-1"), order("o-2"))

    page = text_of(shop.browser().get("/dead-letters?queue=orders&where=order_id%3Do-2&error="))

    assert "1 of 2 letters looked at in orders-dlq." in page


def test_another_filter_keeps_the_limit() -> None:
    page = Shop().browser().get("/dead-letters?queue=orders&limit=2000").text

    assert '<input type="hidden" name="limit" value="2000">' in page


def test_a_filter_that_is_not_valid_says_so() -> None:
    answer = Shop().browser().get("/dead-letters?queue=orders&older_than=soon")

    assert answer.status_code == 400
    assert "&#39;soon&#39; is not a duration: write 90s, 15m, 2h30m, 7d or 2w" in answer.text


def test_one_letter_shows_all_that_it_carries() -> None:
    shop = Shop()
    shop.fail(order("o-1"))
    browser = shop.browser()
    (link,) = re.findall(
        r'href="(/dead-letters/letter[^"]*)"', browser.get("/dead-letters?queue=orders").text
    )

    page = unescape(text_of(browser.get(unescape(link))))

    assert '"order_id": "o-1"' in page
    assert "LookupError: no such customer" in page
    assert "x-message-id id-of-o-1" in page
    assert "Traceback LookupError" in page


def test_a_look_at_one_letter_receives_no_more_once_it_is_found() -> None:
    shop = Shop()
    shop.fail(*(order(f"o-{number}") for number in range(30)))
    browser = shop.browser()
    first = shop.queues.records()[0]

    page = browser.get(f"/dead-letters/letter?queue=orders&id={first.message_id}")

    assert page.status_code == 200
    receives = Counter(record.receive_count for record in shop.queues.records())
    assert receives == {2: 20, 3: 10}


def test_large_letters_are_not_all_held_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letter_session, "LARGEST_LOOK", 100)
    shop = Shop()
    shop.fail(*(order(f"o-{number}") for number in range(30)))

    page = text_of(shop.browser().get("/dead-letters?queue=orders"))

    assert "10 letters looked at in orders-dlq. The queue has about 30, too large for this page" in page


def test_a_letter_that_is_gone_is_told() -> None:
    answer = Shop().browser().get("/dead-letters/letter?queue=orders&id=5f3a9c")

    assert answer.status_code == 404
    assert "No letter 5f3a9c" in answer.text


def test_everything_from_outside_is_escaped() -> None:
    shop = Shop()
    body = json.loads(order(NASTY, **{NASTY: NASTY}))
    body["opaqueData"][NASTY] = NASTY
    body["mediaType"] = NASTY
    shop.fail(json.dumps(body), error=LookupError(NASTY), task=NASTY)
    shop.status = {
        NASTY: {**ANSWER, "queues": [{**QUEUE, "queue": NASTY, "troubles": [NASTY]}], "errors": [NASTY]}
    }
    browser = shop.browser()

    listed = browser.get("/dead-letters?queue=orders").text
    (link,) = re.findall(r'href="(/dead-letters/letter[^"]*)"', listed)
    pages = [
        listed,
        browser.get(unescape(link)).text,
        browser.get("/workers").text,
        browser.get("/").text,
        browser.get(f"/dead-letters?queue=orders&reason={NASTY}&error={NASTY}&where={NASTY}=1").text,
        browser.get(f"/dead-letters?queue={NASTY}").text,
        browser.get(f"/dead-letters/letter?queue=orders&id={NASTY}").text,
    ]

    assert sum("alert" in page for page in pages) >= 5
    for page in pages:
        assert "<script>alert" not in page
        assert "<img" not in page


def test_the_style_and_the_script_are_files_of_the_package() -> None:
    browser = Shop().browser()

    assert "prefers-color-scheme: dark" in browser.get("/static/style.css").text
    assert browser.get("/static/htmx.min.js").text.startswith("var htmx=")
    assert "Zero-Clause BSD" in browser.get("/static/htmx.LICENSE.txt").text
