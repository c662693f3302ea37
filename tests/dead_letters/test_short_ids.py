from hypothesis import given
from hypothesis import strategies as st

from pubsub_tasks.dead_letters.short_ids import shorten_ids


def test_ids_are_cut_to_what_tells_them_apart() -> None:
    ids = ["0123456789", "abcdefghij-1", "abcdefghij-2", "abc", "abcdefghij-2"]

    assert shorten_ids(ids) == {
        "0123456789": "01234567",
        "abc": "abc",
        "abcdefghij-1": "abcdefghij-1",
        "abcdefghij-2": "abcdefghij-2",
    }


@given(st.sets(st.text("ab", max_size=14), max_size=30))
def test_a_short_name_means_one_id_or_is_the_whole_of_it(ids: set[str]) -> None:
    for each, name in shorten_ids(ids).items():
        assert each.startswith(name)
        assert [other for other in ids if other.startswith(name)] == [each] or name == each
