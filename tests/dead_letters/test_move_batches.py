from pubsub_tasks.dead_letters.move_batches import MAX_BATCH_BYTES, MoveBatches, MoveItem
from pubsub_tasks.wire.records import Outgoing


def items(*names: str, grouped: bool = True) -> list[MoveItem]:
    """Each name's first letter is its group."""
    return [MoveItem(name, group=name[0] if grouped else None) for name in names]


def ids(batch: list[MoveItem]) -> list[str]:
    return [item.id for item in batch]


def heavy(name: str, weight: int) -> MoveItem:
    return MoveItem(name, outgoing=Outgoing("x" * weight))


def test_items_without_group_go_ten_at_a_time_in_order() -> None:
    batches = MoveBatches(items(*map(str, range(12)), grouped=False))

    assert ids(batches.next()) == list("0123456789")
    assert ids(batches.next()) == ["10", "11"]
    assert not batches
    assert batches.next() == []


def test_of_a_group_one_goes_at_a_time() -> None:
    batches = MoveBatches(items("a1", "a2", "b1", "a3"))

    assert [ids(batches.next()) for _ in range(3)] == [["a1", "b1"], ["a2"], ["a3"]]


def test_what_stands_behind_one_that_did_not_go_is_taken_out() -> None:
    batches = MoveBatches(items("a1", "a2", "a3", "b1", "b2"))
    batches.next()

    assert ids(batches.close("a")) == ["a2", "a3"]

    assert ids(batches.next()) == ["b2"]
    assert batches.close("a") == batches.close("b") == batches.close(None) == []


def test_a_batch_weighs_no_more_than_a_call_takes() -> None:
    half = MAX_BATCH_BYTES // 2
    batches = MoveBatches([heavy("a", half), heavy("b", half), heavy("c", 1)])

    assert ids(batches.next()) == ["a", "b"]
    assert ids(batches.next()) == ["c"]


def test_what_is_too_large_for_any_goes_alone_and_is_for_the_service_to_refuse() -> None:
    batches = MoveBatches([heavy("a", MAX_BATCH_BYTES + 1), heavy("b", 1)])

    assert ids(batches.next()) == ["a"]


def test_what_is_left_is_told() -> None:
    batches = MoveBatches(items("a1", "a2", "b1", "b2"))
    batches.next(most=1)

    assert sorted(ids(batches.left)) == ["a2", "b1", "b2"]
