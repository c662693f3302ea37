"""Account, region and names, as configuration and --prefix give them together."""

import json

import pytest

from tests.cli.provisioning.shop_shell import ShopShell
from tests.provisioning.shop import PLACE

TOPICS = "PUBSUB_TASKS__SNS_TOPIC_ARNS__PREFIX"
QUEUES = "PUBSUB_TASKS__SQS_QUEUE_URLS__PREFIX"
ARN = "arn:aws:sns:eu-west-1:000000000000:shop-"
URL = "https://sqs.eu-west-1.amazonaws.com/000000000000/shop-"


@pytest.mark.parametrize(
    "configured", [{TOPICS: ARN}, {QUEUES: URL}, {TOPICS: ARN, QUEUES: URL}], ids=["arn", "url", "both"]
)
@pytest.mark.parametrize("prefix", [None, "stage-"])
def test_the_region_is_the_configured_one_whatever_the_prefix(
    shell: ShopShell, monkeypatch: pytest.MonkeyPatch, configured: dict[str, str], prefix: str | None
) -> None:
    for name, value in configured.items():
        monkeypatch.setenv(name, value)

    result = shell.run("plan", prefix=prefix)

    assert result.exit_code == 0, result.output
    assert shell.regions == ["eu-west-1"]
    assert f"+ queue {prefix or 'shop-'}receipts " in result.output


def test_another_prefix_takes_the_place_of_the_configured_names(
    shell: ShopShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOPICS, ARN)
    monkeypatch.setenv(QUEUES, URL)

    exported = json.dumps(shell.json("export", prefix="stage-"))

    assert "arn:aws:sns:eu-west-1:000000000000:stage-application" in exported
    assert "arn:aws:sqs:eu-west-1:000000000000:stage-receipts" in exported
    assert ":shop-" not in exported


def test_credentials_of_another_account_are_refused_with_a_prefix_too(
    shell: ShopShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOPICS, "arn:aws:sns:eu-west-1:123456789012:shop-")

    result = shell.run("plan", prefix="stage-")

    assert result.exit_code == 2
    assert "123456789012" in result.output
    assert "the credentials are of account 000000000000 in eu-west-1" in result.output


def test_two_regions_are_one_line_that_names_both(shell: ShopShell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOPICS, ARN)
    monkeypatch.setenv(QUEUES, "https://sqs.us-east-1.amazonaws.com/000000000000/shop-")

    result = shell.run("plan", prefix=None)

    assert (result.exit_code, len(result.output.splitlines())) == (2, 1)
    assert "shop- is in eu-west-1, and https://sqs.us-east-1" in result.output
    assert shell.regions == []


@pytest.mark.parametrize(
    ("configured", "prefix", "printed"),
    [
        ({}, "shop-", {TOPICS, QUEUES}),
        ({TOPICS: ARN, QUEUES: URL}, None, set()),
        ({TOPICS: ARN, QUEUES: URL}, "shop-", set()),
        ({TOPICS: ARN, QUEUES: URL}, "stage-", {TOPICS, QUEUES}),
        ({TOPICS: ARN}, None, {QUEUES}),
    ],
)
def test_apply_prints_the_variables_that_are_not_set_like_this(
    shell: ShopShell,
    monkeypatch: pytest.MonkeyPatch,
    configured: dict[str, str],
    prefix: str | None,
    printed: set[str],
) -> None:
    for name, value in configured.items():
        monkeypatch.setenv(name, value.replace("eu-west-1", PLACE.region))

    result = shell.run("apply", "--yes", prefix=prefix)

    assert {name for name in (TOPICS, QUEUES) if f"export {name}=" in result.output} == printed
