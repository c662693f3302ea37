"""Which environment variables are told to have no effect, and which are left alone."""

import logging

import pytest

from pubsub_tasks.cli.worker import command
from pubsub_tasks.graph.object_graph import graph_for
from pubsub_tasks.graph.unknown_settings import FURTHER_KEYS, unknown_settings
from pubsub_tasks.tasks.registry import Tasks

SETTINGS = {
    "sns_topic_arns": ("prefix", "mappings", "default", "created"),
    "sqs_queue_urls": ("prefix", "mappings"),
    "sqs_consumer": ("queue", "concurrency", "visibility_timeout"),
}


def advice(variable: str) -> str | None:
    """What is said of a variable after its name."""
    return next((each.partition(": ")[2] for each in unknown_settings([variable], "SHOP", SETTINGS)), None)


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("SHOP__SQS_CONSUMER__CONCURENCY", "SHOP__SQS_CONSUMER__CONCURRENCY"),
        ("SHOP__SQS_CONSUMR__CONCURRENCY", "SHOP__SQS_CONSUMER__CONCURRENCY"),
        ("SHOP__SNS_TOPIC_ARNS__PREFX", "SHOP__SNS_TOPIC_ARNS__PREFIX"),
        ("SHOP__SNS_TOPIC_ARN__CREATED__ORDER", "SHOP__SNS_TOPIC_ARNS__CREATED__ORDER"),
        ("SHOP_SNS_TOPIC_ARNS__PREFIX", "SHOP__SNS_TOPIC_ARNS__PREFIX"),
        ("SHOP__SQS_CONSUMER_QUEUE", "SHOP__SQS_CONSUMER__QUEUE"),
        ("SHOP__SQS__CONSUMER__VISIBILITY_TIMEOUT", "SHOP__SQS_CONSUMER__VISIBILITY_TIMEOUT"),
    ],
)
def test_a_misspelt_setting_is_told_with_the_one_that_was_meant(variable: str, meant: str) -> None:
    assert advice(variable) == f"did you mean {meant}?"


def test_a_key_that_resembles_none_is_told_too() -> None:
    assert advice("SHOP__SQS_CONSUMER__COLOUR") == "`pubsub-tasks manual configuration` lists them"


@pytest.mark.parametrize(
    "variable",
    [
        "SHOP__SQS_CONSUMER__QUEUE",
        "SHOP__SNS_TOPIC_ARNS__CREATED__ORDER",
        "SHOP__SQS_QUEUE_URLS__BILLING",
        "SHOP__SNS_TOPIC_ARNS__application/x",
        "SHOP__POSTGRES__HOST",
        "SHOP__DEBUG",
        "SHOP_APP",
        "OTHER__SQS_CONSUMER__QUEU",
    ],
)
def test_settings_and_what_belongs_to_others_are_left_alone(variable: str) -> None:
    assert advice(variable) is None


def test_a_graph_from_the_environment_warns(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PUBSUB_TASKS__SQS_CONSUMER__VISIBILITY_TIMEOT", "60")
    caplog.set_level(logging.WARNING, "pubsub_tasks")

    graph_for(Tasks())

    (record,) = caplog.records
    assert "did you mean PUBSUB_TASKS__SQS_CONSUMER__VISIBILITY_TIMEOUT?" in record.getMessage()


def test_every_flag_that_the_configuration_can_hold_is_known() -> None:
    flags = {parameter.name for parameter in command.params}
    needed_before = {
        "app",
        "local",
        "testing",
        "processes",
        "reload",
        "log_format",
        "log_level",
        "debug",
        "version",
    }
    declared = {
        "sqs_queue_url",
        "dead_letter_queue_url",
        "queue",
        "wait_seconds",
        "visibility_timeout",
        "unknown",
    }

    assert flags - needed_before - declared == set(FURTHER_KEYS["sqs_consumer"])
