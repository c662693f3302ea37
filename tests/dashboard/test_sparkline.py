"""Charts of the last hour."""

from pubsub_tasks.dashboard.measures.sparkline import blocks, svg_lines


def test_a_line_is_broken_where_nothing_is_known() -> None:
    assert len(svg_lines([1, 2, None, 3, 4])) == 2
    assert svg_lines([None, None]) == []


def test_the_highest_value_is_at_the_top_and_zero_at_the_bottom() -> None:
    (line,) = svg_lines([0, 10])

    assert line == "0.0,23.0 120.0,1.0"


def test_a_single_point_is_drawn() -> None:
    (line,) = svg_lines([None, 3])

    assert line == "120.0,1.0 120.5,1.0"


def test_blocks_show_the_last_values() -> None:
    assert blocks([9, 0, None, 4, 8], 4) == "▁ ▅█"
    assert blocks([0, 0], 8) == "▁▁"
