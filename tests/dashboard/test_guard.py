"""What a request must have to reach a page."""

import pytest

from pubsub_tasks.dashboard.web.access import Access
from tests.dashboard.browsers import HOST, TOKEN, Browser, Shop
from tests.dead_letters.samples import order


@pytest.fixture
def stranger() -> Browser:
    return Browser(Access(TOKEN), Shop().poller)


def test_the_printed_url_signs_a_browser_in_and_the_token_leaves_the_address(stranger: Browser) -> None:
    answer = stranger.get(f"/dead-letters?queue=orders&token={TOKEN}")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/dead-letters?queue=orders"
    assert TOKEN not in answer.headers["set-cookie"]
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert stranger.get("/").status_code == 200


def test_signing_in_leads_to_no_other_host(stranger: Browser) -> None:
    answer = stranger.get(f"http://{HOST}//evil.example/?token={TOKEN}")

    assert answer.headers["location"] == "/evil.example/"


@pytest.mark.parametrize("path", ["/", "/workers", "/dead-letters", "/static/style.css", "/nothing"])
def test_without_the_token_nothing_is_shown(stranger: Browser, path: str) -> None:
    assert stranger.get(path).status_code == 403
    assert stranger.get(f"{path}?token={TOKEN[1:]}x").status_code == 403


def test_programs_send_the_token_as_a_bearer(stranger: Browser) -> None:
    assert stranger.get("/", authorization=f"Bearer {TOKEN}").status_code == 200
    assert stranger.get("/", authorization=f"Bearer {TOKEN}x").status_code == 403


def test_another_name_for_the_address_is_not_answered() -> None:
    browser = Shop().browser()

    answer = browser.get("/", host="evil.example:8765")

    assert answer.status_code == 421
    assert "--allow-host" in answer.text


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "http://127.0.0.1:3000"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_page_of_another_site_is_not_answered(origin: str, method: str) -> None:
    browser = Shop().browser()

    assert browser.send(method, "/", {"origin": origin}).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("destination", ["image", "iframe", "empty"])
def test_a_page_of_another_site_embeds_nothing_that_receives_letters(site: str, destination: str) -> None:
    browser, address = Shop().browser(), "/dead-letters/export?queue=orders"
    embedded = {"sec-fetch-site": site, "sec-fetch-dest": destination}

    assert browser.send("GET", address, embedded).status_code == 403
    assert browser.send("GET", address, {**embedded, "sec-fetch-site": "same-origin"}).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize(
    "path", ["/dead-letters?queue=orders", "/dead-letters/export?queue=orders", "/doctor"]
)
def test_a_link_on_another_site_receives_no_letters_before_it_is_followed_here(site: str, path: str) -> None:
    # Given a signed-in browser, and a page elsewhere that opens a page of letters in it
    shop = Shop()
    shop.fail(order("o-1"))
    browser = shop.browser()

    answer = browser.get(path, **{"sec-fetch-site": site, "sec-fetch-dest": "document"})

    # Then no letter was received, and a link of our own leads on
    (letter,) = shop.queues.letters.queue.receive(10, 0, None)
    assert letter.receive_count == 1
    assert f'<a href="{path}">' in answer.text


def test_a_link_on_another_site_leads_to_no_other_host() -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-dest": "document"}

    answer = Shop().browser().get(f"http://{HOST}//evil.example/?x=%22%3E%3Cimg", **headers)

    assert 'href="/evil.example/?x=%22%3E%3Cimg"' in answer.text


def test_a_link_on_another_site_may_sign_in_and_show_the_overview(stranger: Browser) -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-dest": "document"}

    assert stranger.get(f"/?token={TOKEN}", **headers).headers["location"] == "/"
    assert "<h1>Queues</h1>" in stranger.get("/", **headers).text


def test_answers_carry_the_headers_that_keep_other_sites_out() -> None:
    headers = Shop().browser().get("/").headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(method: str) -> None:
    assert Shop().browser().send(method, "/", {}).status_code == 405


@pytest.mark.parametrize("cookie", ["=", "\xff", "pubsub_tasks_8765=x", 'a="', ";;;"])
def test_an_odd_cookie_is_none(stranger: Browser, cookie: str) -> None:
    assert stranger.get("/", cookie=cookie).status_code == 403
