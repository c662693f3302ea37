"""Who may ask the dashboard for what."""

import pytest

from pubsub_tasks.dashboard.web.access import MIN_TOKEN, Access, access_for
from pubsub_tasks.errors import ConfigurationError

TOKEN = "t" * MIN_TOKEN


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8765", "localhost:1", "[::1]:8765", "LOCALHOST"])
def test_loopback_is_answered(host: str) -> None:
    assert Access(TOKEN).answers_host(host)


@pytest.mark.parametrize("host", ["", "evil.example", "127.0.0.1.evil.example", "10.0.0.7", "[", "a:b:c"])
def test_a_name_that_another_site_points_here_is_not(host: str) -> None:
    assert not Access(TOKEN).answers_host(host)


def test_its_own_origin_is_answered_and_no_other() -> None:
    access = Access(TOKEN)

    assert access.answers_origin("http://127.0.0.1:8765", "127.0.0.1:8765")
    for origin in ("null", "https://evil.example", "http://127.0.0.1:3000", "file://", "http://["):
        assert not access.answers_origin(origin, "127.0.0.1:8765"), origin


def test_behind_a_proxy_its_name_is_allowed() -> None:
    access = access_for("0.0.0.0", TOKEN, "", ("Tasks.example",), read_only=False)

    assert access.answers_host("tasks.example")
    assert access.answers_origin("https://tasks.example", "tasks.example")
    assert access.answers_host("10.0.0.7:8765"), "an address is no name that another site can have"
    assert not access.answers_host("other.example")


def test_on_loopback_a_token_is_made() -> None:
    assert access_for("127.0.0.1", None, "fresh", (), read_only=True) == Access(
        "fresh", ("127.0.0.1", "localhost", "::1", "127.0.0.1"), read_only=True
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "box.internal", ""])
def test_elsewhere_a_token_is_required(host: str) -> None:
    with pytest.raises(ConfigurationError, match="PUBSUB_TASKS_DASHBOARD_TOKEN"):
        access_for(host, None, "fresh", (), read_only=False)


def test_a_short_token_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="has 15 characters: give at least 16"):
        access_for("127.0.0.1", TOKEN[1:], "", (), read_only=False)


def test_token_cookie_and_form_token_cannot_stand_for_each_other() -> None:
    access = Access(TOKEN)

    assert access.is_token(TOKEN)
    assert access.is_cookie(access.cookie)
    assert access.is_form_token(access.form_token)
    assert len({TOKEN, access.cookie, access.form_token}) == 3
    assert not any(map(access.is_cookie, (TOKEN, access.form_token, "", "é")))
    assert not any(map(access.is_form_token, (TOKEN, access.cookie, "")))
