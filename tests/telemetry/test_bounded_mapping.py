"""A mapping that forgets its oldest entries."""

from pubsub_tasks.telemetry.bounded_mapping import BoundedMapping


def test_an_entry_is_kept_until_it_is_taken():
    kept = BoundedMapping(2)

    assert kept.put("a", 1) is None
    assert kept.pop("a") == 1
    assert kept.pop("a") is None


def test_what_is_no_longer_kept_is_returned():
    kept = BoundedMapping(2)
    kept.put("a", 1)
    kept.put("b", 2)

    assert kept.put("a", 3) == 1
    assert kept.put("c", 4) == 2
    assert (kept.pop("a"), kept.pop("c"), len(kept)) == (3, 4, 0)
