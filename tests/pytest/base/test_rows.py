from fatebias.base import named_rows, row_word, rows_from


def test_rows_are_counted_from_0_and_in_r_from_1():
    assert row_word(4) == "row 4"
    with rows_from(1):
        assert named_rows([0, 4], ["a", "e"]) == ["row 1 (a)", "row 5 (e)"]
    assert named_rows([0], ["a"]) == ["row 0 (a)"]
