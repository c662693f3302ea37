"""Which headers flow from one message to the next."""

import pytest

from pubsub_tasks.messages.headers import (
    begin_handling,
    current_headers,
    end_handling,
    headers,
    hops_left,
    outbound_headers,
)

INBOUND = {
    "x-request-id": "r-1",
    "x-request-user": "u-1",
    "x-request-ttl": "7",
    "x-request-published": "1.0",
    "x-message-id": "m-0",
    "x-expires": "9.0",
    "x-not-before": "2.0",
    "receipt_handle": "secret",
    "message_id": "sqs-0",
    "tenant": "t-1",
}


def published(given=None):
    return outbound_headers(given or {}, request_id="r-new")


def test_a_first_message_starts_a_request():
    assert published() == {
        "x-request-id": "r-new",
        "x-request-ttl": "32",
    }


def test_a_handlers_messages_inherit_the_request_but_no_header_of_the_message_itself():
    token = begin_handling(INBOUND)
    try:
        assert published() == {
            "x-request-id": "r-1",
            "x-request-user": "u-1",
            "x-request-ttl": "6",
            "tenant": "t-1",
        }
    finally:
        end_handling(token)

    # And with the handler, its headers are gone
    assert current_headers() == {}


def test_a_block_adds_headers_to_all_that_is_published_in_it():
    with headers({"x-tenant": "t-1"}, region="north"), headers(region="south"):
        assert published()["x-tenant"] == "t-1"
        assert published()["region"] == "south"
        assert published({"region": "given"})["region"] == "given"

    assert "region" not in published()


@pytest.mark.parametrize(
    ("told", "left"),
    [({}, 32), ({"x-request-ttl": "3"}, 3), ({"x-request-ttl": "-1"}, -1), ({"x-request-ttl": "?"}, 32)],
)
def test_an_invalid_hop_limit_is_the_initial_one(told, left):
    assert hops_left(told) == left


def test_each_following_message_has_one_hop_less():
    seen = []
    inbound = published()
    for _ in range(33):
        seen.append(hops_left(inbound))
        token = begin_handling(inbound)
        inbound = published()
        end_handling(token)

    assert seen == list(range(32, -1, -1))
