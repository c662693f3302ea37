"""The doctor's findings on a page."""

from pubsub_tasks.doctor.finding import Finding, Severity
from tests.dashboard.browsers import Shop, text_of


def test_findings_are_shown_with_what_mends_them() -> None:
    shop = Shop()
    finding = Finding(Severity.ERROR, "queue orders", "is <gone>", "nothing arrives", "pubsub-tasks apply")
    shop.app.findings = lambda: [finding]

    page = shop.browser().get("/doctor")

    assert "Error: queue orders is &lt;gone&gt; nothing arrives pubsub-tasks apply" in text_of(page)


def test_no_finding_is_good_news() -> None:
    shop = Shop()
    shop.app.findings = list

    assert "Everything stands as the app needs it" in shop.browser().get("/doctor").text


def test_a_local_broker_has_nothing_to_find() -> None:
    assert "there is nothing to find" in Shop().browser().get("/doctor").text
