"""How a message is made to fit its topic: unchanged, compressed, stored in S3, or rejected."""

import json
from random import Random

import pytest

from pubsub_tasks.content.codec import Codec
from pubsub_tasks.errors import ConfigurationError, MessageTooLarge, TooManyAttributes
from pubsub_tasks.messages.size_limit import ClaimedBody, fit
from pubsub_tasks.wire.compression import MAX_EXPANDED, decompress
from pubsub_tasks.wire.records import Attribute, Outgoing, text
from pubsub_tasks.wire.s3_pointer import Pointer
from tests.samples import OrderPlaced

CODEC = Codec(OrderPlaced)
POINTER = Pointer("bucket", "key")
NOISE = Random(7).randbytes(2000).hex()
LIMIT = 1000


def test_a_message_that_fits_is_unchanged():
    message = Outgoing("x" * LIMIT)

    assert fit(CODEC, message, LIMIT, POINTER) == (message, LIMIT, None)


def test_a_message_over_the_limit_is_compressed_if_that_suffices():
    fitted, size, claim = fit(CODEC, Outgoing("x" * 5000, {"tier": text("gold")}, "g", "d"), LIMIT, POINTER)

    assert claim is None
    assert fitted.size == size <= LIMIT
    assert (fitted.group_id, fitted.deduplication_id) == ("g", "d")
    assert fitted.attributes["tier"] == text("gold")
    assert decompress(fitted.body, fitted.attributes) == b"x" * 5000


def test_a_body_that_compression_cannot_make_fit_is_stored_uncompressed_in_amazons_form():
    fitted, size, claim = fit(CODEC, Outgoing(NOISE, {"tier": text("gold")}), LIMIT, POINTER)

    assert fitted.size == size
    assert claim == ClaimedBody(POINTER, NOISE)
    assert json.loads(fitted.body) == [
        "software.amazon.payloadoffloading.PayloadS3Pointer",
        {"s3BucketName": "bucket", "s3Key": "key"},
    ]
    assert fitted.attributes == {"tier": text("gold"), "ExtendedPayloadSize": Attribute("Number", "4000")}


def test_without_a_bucket_it_is_refused_with_both_sizes():
    with pytest.raises(MessageTooLarge, match="4,000 bytes and the limit is 1,000"):
        fit(CODEC, Outgoing(NOISE), LIMIT, None)


def test_attributes_that_are_too_much_by_themselves_are_refused():
    with pytest.raises(MessageTooLarge):
        fit(CODEC, Outgoing(NOISE, {"note": text("x" * LIMIT)}), LIMIT, POINTER)


@pytest.mark.parametrize(("body", "done"), [("x" * 5000, "compressed"), (NOISE, "stored in S3")])
def test_an_eleventh_attribute_is_refused_here_too(body, done):
    ten = {f"name-{number}": text("x") for number in range(10)}

    with pytest.raises(TooManyAttributes, match=f"11 attributes, one of which says that it is {done}"):
        fit(CODEC, Outgoing(body, ten), LIMIT, POINTER)


class Packed(OrderPlaced):
    COMPRESSION = "lzma"
    COMPRESS_OVER = 500


@pytest.mark.parametrize(("body", "pointer"), [("x" * 5000, None), (NOISE, POINTER)])
def test_a_trace_context_gives_way_to_the_attribute_that_says_what_was_done(body, pointer):
    own = {f"a{number}": text("x") for number in range(8)}

    fitted, size, _ = fit(CODEC, Outgoing(body, own | {"traceparent": text("00-1-2-01")}), LIMIT, pointer)

    assert fitted.size == size
    assert own.items() <= fitted.attributes.items()
    assert "traceparent" not in fitted.attributes
    assert len(fitted.attributes) == 9


def test_a_schema_may_want_its_messages_compressed():
    codec = Codec(Packed)
    small, large = Outgoing("x" * 500), Outgoing("x" * 501)

    assert fit(codec, small, LIMIT, None) == (small, small.size, None)
    fitted, size, _ = fit(codec, large, LIMIT, None)
    assert fitted.size == size
    assert fitted.attributes == {"content_encoding": text("lzma,base64")}


def test_what_would_only_grow_is_left_alone():
    message = Outgoing(NOISE[:600])

    assert fit(Codec(Packed), message, LIMIT, None) == (message, message.size, None)


def test_a_compression_that_there_is_not_is_refused_when_declared():
    class Wrong(OrderPlaced):
        COMPRESSION = "rar"

    with pytest.raises(ConfigurationError, match="rar"):
        Codec(Wrong)


def test_a_body_that_no_worker_would_open_is_refused_unless_its_schema_allows_it():
    class LongOrder(OrderPlaced):
        MAX_BODY_SIZE = MAX_EXPANDED + 10

    longest = Outgoing("x" * (MAX_EXPANDED + 10))

    with pytest.raises(MessageTooLarge, match="the limit is 16,777,216"):
        fit(CODEC, longest, LIMIT, POINTER)
    with pytest.raises(MessageTooLarge, match="the limit is 16,777,226"):
        fit(Codec(LongOrder), Outgoing(longest.body + "x"), LIMIT, POINTER)
    fitted, size, claim = fit(Codec(LongOrder), longest, 40_000, POINTER)
    assert claim is None
    assert fitted.size == size < 40_000
