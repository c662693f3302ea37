"""Whatever a body is, recognizing it raises nothing, and leaves a call or a verdict."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pubsub_tasks import Tasks, aws_events, task
from pubsub_tasks.dispatching.dispatcher import Dispatcher, HandlerCall
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.verdicts import Ack, DeadLetter
from pubsub_tasks.wire.records import Attribute, Record, text
from tests.aws_events import samples
from tests.samples import NOW

TASKS = Tasks()
for name in aws_events.__all__:
    task(getattr(aws_events, name), tasks=TASKS)(lambda **content: None)
DISPATCHER = Dispatcher(TASKS, "default")

EVENTS: list[Any] = [
    samples.s3_event(),
    samples.S3_BRIDGED,
    samples.S3_TEST,
    samples.ALARM,
    samples.ALARM_BRIDGED,
    samples.SES,
    samples.cloud_event(),
    [samples.cloud_event()],
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


def paths(document: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values within a document."""
    if isinstance(document, dict):
        members = list(document.items())
    else:
        members = list(enumerate(document)) if isinstance(document, list) else []
    return [here, *(path for key, value in members for path in paths(value, (*here, key)))]


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at a path."""
    if not path:
        return value
    copy = json.loads(json.dumps(document))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return copy


@st.composite
def spoilt_events(draw: st.DrawFn) -> Any:
    event = draw(st.sampled_from(EVENTS))
    return changed(event, draw(st.sampled_from(paths(event))), draw(JSON))


@given(
    spoilt_events() | JSON,
    st.dictionaries(
        st.sampled_from(["ce-specversion", "ce-type", "ce-id", "ce-time", "ce-seal"]),
        st.just(text("1.0")) | st.just(Attribute("Binary", b"\xff")),
    ),
)
def test_a_spoilt_event_is_a_call_or_a_verdict(document: Any, attributes: dict[str, Attribute]) -> None:
    record = Record(json.dumps(document), "r", "m", attributes=attributes)

    prepared = DISPATCHER.prepare(decode_record(record), NOW)

    assert isinstance(prepared, HandlerCall | Ack | DeadLetter)
    if isinstance(prepared, DeadLetter):
        assert "not recognized" not in str(prepared.error)
