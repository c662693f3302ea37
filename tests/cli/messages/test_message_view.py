"""Messages as commands show them, whatever their content is."""

import io
import json
from typing import Any

import pytest
from rich.console import Console

from pubsub_tasks.cli.messages.message_view import MessageView
from pubsub_tasks.cli.messages.tail import line_of
from pubsub_tasks.messages.message import PUBLISHED
from pubsub_tasks.wire.records import Record, text
from tests.cli.messages.shell import ORDER
from tests.samples import NOW


def yaml_view(content: str) -> MessageView:
    body = f"{{mediaType: x, {content}}}"
    return MessageView.of(Record(body, "r", "m", attributes={"content_type": text("application/x-yaml")}))


CASES = [
    ("day: 2026-11-27", {"day": "2026-11-27"}),
    ("odd: {2026-11-27: 1}", None),
    (f"number: 0x{'f' * 6_000}", None),  # more digits than Python writes of an integer
]


@pytest.mark.parametrize(("content", "shown"), CASES)
def test_values_that_json_does_not_have_are_shown_as_far_as_possible(content: str, shown: Any) -> None:
    view, output = yaml_view(content), io.StringIO()

    view.print(NOW, Console(file=output))

    assert json.loads(json.dumps(view.as_json(NOW)))["content"] == shown
    assert content.partition(":")[0] in output.getvalue()
    assert json.dumps(shown) in line_of(view)


@pytest.mark.parametrize("published", ["1e300", "-1e18"])
def test_a_time_that_no_clock_shows_is_left_out_of_the_line(published: str) -> None:
    headers = {PUBLISHED: published}
    body = json.dumps({"mediaType": ORDER, "opaqueData": headers, "number": 1})

    assert line_of(MessageView.of(Record(body, "receipt", "id"))).startswith(f"--:--:-- {ORDER}")
