"""Which entries go together in one call, and in which order."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from pubsub_tasks.batches.grouped_batches import LOOK_AHEAD, GroupedBatches

MAX_BYTES = 100


@dataclass(frozen=True)
class Entry:
    id: str
    group: str | None = None
    size: int = 1


def grouped(*ids: str) -> GroupedBatches[Entry]:
    """Entries whose group is the first letter of their id."""
    return GroupedBatches(MAX_BYTES, [Entry(id, id[0]) for id in ids])


def sized(*sizes: int) -> GroupedBatches[Entry]:
    """Entries without a group, named by their index."""
    return GroupedBatches(MAX_BYTES, [Entry(str(index), size=size) for index, size in enumerate(sizes)])


def ids(batch: list[Entry]) -> list[str]:
    return [entry.id for entry in batch]


def all_batches(batches: GroupedBatches[Entry]) -> list[list[str]]:
    found = []
    while batches:
        found.append(ids(batches.next()))
    return found


def test_entries_without_a_group_go_ten_to_a_batch_in_order() -> None:
    batches = sized(*[1] * 12)

    assert all_batches(batches) == [list("0123456789"), ["10", "11"]]
    assert batches.next() == []


def test_a_batch_has_no_more_entries_than_its_limit() -> None:
    batches = sized(1, 1, 1)

    assert ids(batches.next(limit=2)) == ["0", "1"]
    assert ids(batches.next(limit=20)) == ["2"]


def test_a_batch_has_one_entry_of_a_group() -> None:
    assert all_batches(grouped("a1", "a2", "b1", "a3", "b2")) == [["a1", "b1"], ["a2", "b2"], ["a3"]]


def test_groups_take_turns() -> None:
    batches = grouped("a1", "a2", "b1", "b2", "c1", "c2")

    assert [ids(batches.next(limit=2)) for _ in range(3)] == [["a1", "b1"], ["c1", "a2"], ["b2", "c2"]]


def test_a_batch_has_no_more_bytes_than_a_call_accepts_and_smaller_entries_fill_it() -> None:
    assert all_batches(sized(60, 50, 40)) == [["0", "2"], ["1"]]


def test_an_entry_that_does_not_fit_holds_back_its_group() -> None:
    batches = GroupedBatches(MAX_BYTES, [Entry("a", "a", 90), Entry("b1", "b", 50), Entry("b2", "b", 5)])

    assert all_batches(batches) == [["a"], ["b1"], ["b2"]]


def test_an_entry_over_the_limit_of_a_call_goes_alone() -> None:
    assert all_batches(sized(MAX_BYTES + 1, 1)) == [["0"], ["1"]]


def test_the_search_for_an_entry_that_fits_is_bounded() -> None:
    batches = sized(*[60] * LOOK_AHEAD, 1)

    assert ids(batches.next()) == ["0"]
    assert ids(batches.next()) == ["1", str(LOOK_AHEAD)]


def test_closing_a_group_removes_what_waits_in_it() -> None:
    batches = grouped("a1", "a2", "a3", "b1", "b2")
    batches.next()

    assert ids(batches.close("a")) == ["a2", "a3"]

    assert (len(batches), batches.size) == (1, 1)
    assert ids(batches.next()) == ["b2"]
    assert batches.close("a") == batches.close("b") == batches.close(None) == []


def test_entries_that_are_left_are_listed_group_by_group() -> None:
    batches = grouped("a1", "b1", "a2", "b2")
    batches.next(limit=1)

    assert ids(batches.waiting) == ["b1", "b2", "a2"]


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), st.integers(0, MAX_BYTES))))
def test_every_entry_goes_once_within_the_limits_and_each_group_in_order(drawn) -> None:  # type: ignore[no-untyped-def]
    entries = [Entry(str(index), group, size) for index, (group, size) in enumerate(drawn)]
    batches = GroupedBatches(MAX_BYTES, entries)

    gone = []
    while batches:
        gone.append(batches.next())

    assert sorted(entry.id for batch in gone for entry in batch) == sorted(ids(entries))
    for batch in gone:
        groups = [entry.group for entry in batch if entry.group]
        assert 1 <= len(batch) <= 10
        assert sum(entry.size for entry in batch) <= MAX_BYTES
        assert len(set(groups)) == len(groups)
    for group in "abc":
        order = [int(entry.id) for batch in gone for entry in batch if entry.group == group]
        assert order == sorted(order)
    assert batches.size == 0
