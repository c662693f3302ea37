"""The query protocol of SNS: what an SDK reads in the XML of a response."""

from xml.etree import ElementTree

from pubsub_tasks.local.aws_query import write


def test_text_is_read_as_it_was_set() -> None:
    text = '{"a": ["<b>&"]}\r\n\tc'

    response = ElementTree.fromstring(write("GetTopicAttributes", {"Attributes": {"Policy": text}}, "1"))

    assert [found.text for found in response.iter() if found.tag.endswith("}value")] == [text]
