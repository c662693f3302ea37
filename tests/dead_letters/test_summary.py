from pubsub_tasks.dead_letters.summary import FailureKind, summarize
from tests.dead_letters.samples import a_letter, moved_by_sqs, order
from tests.samples import NOW, ORDER


def test_letters_are_counted_by_kind_the_most_first() -> None:
    # Given two letters of one kind, and one that SQS moved an hour ago
    letters = [
        moved_by_sqs(),
        a_letter(order("o-2"), now=NOW),
        a_letter(order("o-3"), now=NOW - 20),
    ]

    # When
    summary = summarize(letters, NOW + 10)

    # Then
    first, second = summary.rows
    assert first.kind == FailureKind("exhausted", "LookupError", ORDER, "shop.tasks.bill")
    assert (first.count, first.youngest, first.oldest, first.example) == (2, 10, 30, "id-of-o-2")
    assert second.kind == FailureKind("maxReceiveCount", "", ORDER, None)
    assert second.count == 1


def test_each_trait_is_counted_by_itself() -> None:
    letters = [moved_by_sqs(), a_letter(), a_letter(reason="invalid", error=ValueError("x"))]

    counts = summarize(letters, NOW + 10).counts

    assert counts == {
        "reason": {"maxReceiveCount": 1, "exhausted": 1, "invalid": 1},
        "error": {"": 1, "LookupError": 1, "ValueError": 1},
        "media_type": {ORDER: 3},
        "task": {"shop.tasks.bill": 2, "": 1},
        "age": {"under 1 h": 2, "under 1 d": 1},
    }


def test_no_letters_are_a_summary_too() -> None:
    assert summarize([], NOW).rows == ()


def test_ages_fall_into_buckets() -> None:
    ages = [0, 3599, 3600, 86_399, 86_400, 604_799, 604_800, 10**9]

    counts = summarize([a_letter(now=NOW - age) for age in ages], NOW).counts

    assert counts["age"] == {"under 1 h": 2, "under 1 d": 2, "under 7 d": 2, "7 d and more": 2}
