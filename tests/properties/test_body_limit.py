"""Whatever the body, its compression and the limit: it is read whole, or refused as too large."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubsub_tasks.wire.compression import BodyLimit, BodyTooLarge, compress, decompress


@given(
    word=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200),
    times=st.integers(1, 50),
    compression=st.sampled_from(["gzip", "bzip2", "lzma", "zstd"]),
    most=st.integers(1, 20_000),
)
def test_a_body_is_read_whole_or_refused(word: str, times: int, compression: str, most: int) -> None:
    plain = (word * times).encode()
    body, attributes = compress(word * times, {}, compression)
    limit = BodyLimit(most)

    if len(plain) > most:
        with pytest.raises(BodyTooLarge):
            decompress(body, attributes, limit)
    else:
        assert decompress(body, attributes, limit) == plain
        assert limit.used == len(plain)
