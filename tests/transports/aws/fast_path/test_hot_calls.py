"""Calls are written as botocore writes them, and answers read as botocore reads them."""

import json
import re
from itertools import product
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from pubsub_tasks.local.aws_query import write
from pubsub_tasks.transports.aws.fast_path.hot_calls import HOT_CALLS
from pubsub_tasks.transports.boto_shapes import parse_messages, publish_entries, send_entries
from pubsub_tasks.wire.records import Attribute, Outgoing

# What XML can tell: no control characters, and line ends as they are.
texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=20
)
names = st.text("abcdefghijklmnopqrstuvwxyz-_", min_size=1, max_size=10)
attributes = st.dictionaries(
    names,
    st.builds(Attribute, st.just("String"), texts)
    | st.builds(Attribute, st.just("Binary"), st.binary(max_size=9)),
    max_size=3,
)
bodies = texts | st.text(st.characters(exclude_categories=("Cs",)))
outgoing = st.builds(Outgoing, bodies, attributes, st.none() | names, st.none() | names)
batches = st.lists(outgoing, min_size=1, max_size=3)


def model(service: str, action: str) -> Any:
    client = boto3.client(service, "eu-west-1", aws_access_key_id="key", aws_secret_access_key="secret")
    return client.meta.service_model.operation_model(action)


SEND, PUBLISH = model("sqs", "SendMessageBatch"), model("sns", "PublishBatch")
RECEIVE = model("sqs", "ReceiveMessage")


@given(batches)
def test_json_is_written_as_botocore_does(entries: list[Outgoing]) -> None:
    params = {"QueueUrl": "url", "Entries": send_entries(entries)}

    theirs = create_serializer("json", False).serialize_to_request(params, SEND)

    assert HOT_CALLS["sqs"].write("SendMessageBatch", params) == theirs["body"]
    assert theirs["headers"]["Content-Type"] == HOT_CALLS["sqs"].content_type


@given(batches)
def test_a_form_is_written_as_botocore_does(entries: list[Outgoing]) -> None:
    params = {"TopicArn": "arn", "PublishBatchRequestEntries": publish_entries(entries)}

    theirs = create_serializer("query", False).serialize_to_request(params, PUBLISH)

    assert HOT_CALLS["sns"].write("PublishBatch", params) == urlencode(theirs["body"]).encode()
    assert theirs["headers"]["Content-Type"].startswith(HOT_CALLS["sns"].content_type)


@given(st.lists(st.tuples(names, texts, st.booleans()), max_size=3), st.lists(names, max_size=3))
def test_xml_is_read_as_botocore_does(failed: list[tuple[str, str, bool]], ids: list[str]) -> None:
    answer = {
        "Successful": [{"Id": each, "MessageId": each, "SequenceNumber": "1"} for each in ids],
        "Failed": [
            {"Id": each, "Code": "Code", "Message": text, "SenderFault": ours} for each, text, ours in failed
        ],
    }
    body = write("PublishBatch", answer, "request")

    theirs = create_parser("query").parse(
        {"body": body, "headers": {}, "status_code": 200}, PUBLISH.output_shape
    )

    theirs.pop("ResponseMetadata")
    assert HOT_CALLS["sns"].read(body) == theirs == answer


spaces = st.text(" \t\r\n", max_size=2)
ids = st.text("0123456789abcdef-", min_size=1, max_size=10)


@st.composite
def published(draw: st.DrawFn) -> bytes:
    """What SNS answers if all messages were published, with spaces between its elements."""
    members = []
    for number in range(draw(st.integers(0, 10))):
        fields = [f"<Id>{number}</Id>", f"<MessageId>{draw(ids)}</MessageId>"]
        members += ["<member>", *draw(st.permutations(fields)), "</member>"]
    failed = draw(st.sampled_from([[], ["<Failed/>"]]))
    result = draw(st.permutations([["<Successful>", *members, "</Successful>"], failed]))
    head = draw(st.sampled_from(["", ' xmlns="http://sns.amazonaws.com/doc/2010-03-31/"']))
    metadata = ["<ResponseMetadata>", f"<RequestId>{draw(ids)}</RequestId>", "</ResponseMetadata>"]
    parts = [f"<PublishBatchResponse{head}>", "<PublishBatchResult>", *result[0], *result[1]]
    parts += ["</PublishBatchResult>", *metadata, "</PublishBatchResponse>"]
    return "".join(part + draw(spaces) for part in parts).encode()


@given(published())
def test_the_answer_that_all_were_published_is_read_as_botocore_does(body: bytes) -> None:
    theirs = create_parser("query").parse(
        {"body": body, "headers": {}, "status_code": 200}, PUBLISH.output_shape
    )

    theirs.pop("ResponseMetadata")
    assert HOT_CALLS["sns"].read(body) == theirs


@pytest.mark.parametrize("order", [("Failed", "Successful"), ("Successful", "Failed")])
def test_an_answer_that_is_a_little_different_is_read_as_an_xml_parser_does(order: tuple[str, str]) -> None:
    # Given such an answer, in which each tag, text or field in turn is replaced by something else
    lists = {
        "Successful": [{"Id": str(number), "MessageId": f"m-{number}"} for number in range(2)],
        "Failed": [],
    }
    body = write("PublishBatch", {name: lists[name] for name in order}, "request").decode()
    parts = [part for part in re.split("(<[^>]*>)", body.replace("<Failed></Failed>", "<Failed/>")) if part]
    for place, length in product(range(len(parts)), (1, 3)):
        for other in ("", "a&amp;b", "&", "\v", "<!-- -->", "<Failed>", *parts):
            odd = "".join([*parts[:place], other, *parts[place + length :]]).encode()

            # When it is read, and with a declaration, which is left to the XML parser
            ours, theirs = (outcome(each) for each in (odd, b"<?xml version='1.0'?>" + odd))

            # Then both are the same
            assert ours == theirs, odd


@pytest.mark.parametrize("order", [("Failed", "Successful"), ("Successful", "Failed")])
def test_spaces_are_passed_over_once(order: tuple[str, str]) -> None:
    # Given an answer with so many spaces in each place that trying each in turn would never end
    failed = {"Id": "0", "Code": "c", "Message": "m", "SenderFault": True}
    lists = {"Successful": [{"Id": "1", "MessageId": "m-1"}] * 2, "Failed": [failed]}
    answer = {name: lists[name] for name in order}
    body = write("PublishBatch", answer, "request").replace(b"><", b">" + b" " * 1_000_000 + b"<")

    assert HOT_CALLS["sns"].read(body) == answer


def outcome(body: bytes) -> object:
    try:
        return HOT_CALLS["sns"].read(body)
    except Exception as error:
        return type(error)


def test_binary_attributes_are_read_as_botocore_does() -> None:
    body = (
        b'{"Messages": [{"MessageId": "1", "Body": "", "MessageAttributes": '
        b'{"seal": {"DataType": "Binary", "BinaryValue": "AP8="}, '
        b'"kind": {"DataType": "String", "StringValue": "x"}}}]}'
    )

    theirs = create_parser("json").parse(
        {"body": body, "headers": {}, "status_code": 200}, RECEIVE.output_shape
    )

    theirs.pop("ResponseMetadata")
    assert HOT_CALLS["sqs"].read(body) == theirs


@pytest.mark.parametrize(
    "body",
    [
        b'{"Messages": null}',
        b'{"Messages": [{"MessageId": "1", "MessageAttributes": null, "Attributes": null}]}',
        b'{"Messages": [{"MessageAttributes": {"seal": {"BinaryValue": "AP8=", "StringValue": null}}}]}',
        b'{"Messages": [{"MessageAttributes": {"seal": {"BinaryValue": null, "StringValue": "x"}}}]}',
    ],
)
def test_null_members_are_absent(body: bytes) -> None:
    theirs = create_parser("json").parse(
        {"body": body, "headers": {}, "status_code": 200}, RECEIVE.output_shape
    )

    theirs.pop("ResponseMetadata")
    assert HOT_CALLS["sqs"].read(body) == theirs


@pytest.mark.parametrize(
    "attributes",
    [
        b'{"a": {"DataType": "String"}}',
        b'{"a": {"DataType": "String", "StringValue": null}}',
        b'{"a": {"DataType": "Binary", "BinaryValue": ""}}',
        b'{"a": {"StringValue": "x"}}',
        b'{"a": {}}',
        b'{"a": null}',
    ],
)
def test_a_malformed_attribute_does_not_fail_the_receive(attributes: bytes) -> None:
    # Given an answer of which one message has such an attribute, read by botocore and by us
    sound = b'{"MessageId": "2", "ReceiptHandle": "h", "Body": "sound"}'
    odd = b'{"MessageId": "1", "ReceiptHandle": "h", "Body": "odd", "MessageAttributes": ' + attributes + b"}"
    body = b'{"Messages": [' + odd + b"," + sound + b"]}"
    theirs = create_parser("json").parse(
        {"body": body, "headers": {}, "status_code": 200}, RECEIVE.output_shape
    )

    # When records are made of it
    for answer in (theirs, HOT_CALLS["sqs"].read(body)):
        records = parse_messages(answer["Messages"])

        # Then both are there, the odd one without that attribute
        assert [(record.body, record.attributes) for record in records] == [("odd", {}), ("sound", {})]


def test_invalid_base64_does_not_fail_the_receive() -> None:
    odd = {"BinaryValue": 5, "DataType": "Binary"}
    body = json.dumps(
        {"Messages": [{"MessageAttributes": {"a": odd, "b": [], "c": None}}, None, []]}
    ).encode()

    assert HOT_CALLS["sqs"].read(body)["Messages"][0]["MessageAttributes"]["a"]["BinaryValue"] is None


def test_the_result_is_found_in_any_position() -> None:
    answer = {"Successful": [{"Id": "0", "MessageId": "m-1"}], "Failed": []}
    head, result, metadata, tail = re.split(
        "(?=<PublishBatchResult>)|(?=<ResponseMetadata>)|(?=</PublishBatchResponse>)",
        write("PublishBatch", answer, "request").decode(),
    )

    assert HOT_CALLS["sns"].read(f"{head}{metadata}{result}{tail}".encode()) == answer


def test_an_html_page_is_not_a_response() -> None:
    with pytest.raises(ValueError, match="unpack"):
        HOT_CALLS["sns"].read(b"<html><head/><body/></html>")


@pytest.mark.parametrize(("service", "action"), [("sqs", "SendMessageBatch"), ("sns", "PublishBatch")])
def test_values_other_than_text_and_bytes_are_refused(service: str, action: str) -> None:
    with pytest.raises(TypeError, match="cannot be sent"):
        HOT_CALLS[service].write(action, {"Entries": [{"Id": object()}]})
