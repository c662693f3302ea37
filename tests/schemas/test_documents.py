"""The AsyncAPI document of an app."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from pubsub_tasks.schemas.documents import ReceivingTask, asyncapi_document
from pubsub_tasks.wire.media_types import topic_name
from tests.schemas.shop import ORDER, exported

ASYNCAPI = json.loads((Path(__file__).parent / "asyncapi" / "3.0.0.json").read_text(encoding="utf-8"))

RECEIVERS = [
    ReceivingTask(ORDER, "orders", "shop.bill"),
    ReceivingTask("application/vnd.shop.pubsub._.created.*", "audit.fifo", "shop.audit"),
]


def document(*receivers: ReceivingTask) -> dict[str, Any]:
    return asyncapi_document(exported(), receivers, title="shop", version="1.2", prefix="prod-")


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [each for inner in value for each in references(inner)]
    if not isinstance(value, dict):
        return []
    return [value["$ref"]] if "$ref" in value else references(list(value.values()))


def target(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


@pytest.mark.parametrize("receivers", [[], RECEIVERS], ids=["a publisher", "a consumer"])
def test_it_is_valid_by_asyncapi_s_own_schema(receivers: list[ReceivingTask]) -> None:
    errors = [error.message for error in Draft7Validator(ASYNCAPI).iter_errors(document(*receivers))]

    assert errors == []


def test_asyncapi_s_schema_can_refuse() -> None:
    assert not Draft7Validator(ASYNCAPI).is_valid({**document(), "channels": {"c": {"adress": "x"}}})


def test_every_reference_leads_somewhere() -> None:
    made = document(*RECEIVERS)

    assert len(references(made)) > 5
    assert all(target(made, each) is not None for each in references(made))


def test_a_channel_is_the_topic_of_a_media_type() -> None:
    channel = document()["channels"]["OrderPlaced"]

    assert channel["address"] == f"prod-{topic_name(ORDER)}"
    assert document()["components"]["messages"]["OrderPlaced"]["name"] == ORDER


def test_tasks_receive_and_what_has_no_task_is_sent() -> None:
    operations = document(RECEIVERS[0])["operations"]

    assert {name: each["action"] for name, each in operations.items()} == {
        "receive-OrderPlaced-orders": "receive",
        "send-TreeGrown": "send",
    }


def test_a_task_for_several_media_types_receives_each_from_its_queue() -> None:
    operations = document(*RECEIVERS)["operations"]

    queue = {"name": "prod-audit.fifo", "fifoQueue": True}
    assert operations["receive-TreeGrown-audit_fifo"]["bindings"] == {"sqs": {"queues": [queue]}}
    assert set(operations) == {
        "receive-OrderPlaced-orders",
        "receive-OrderPlaced-audit_fifo",
        "receive-TreeGrown-audit_fifo",
    }
