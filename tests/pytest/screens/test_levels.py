from fatebias.screens.levels import sort_levels


def test_days_with_decimals_sort_by_their_numbers():
    assert sort_levels(["0.5", "0.25", "10"]) == ["0.25", "0.5", "10"]
    assert sort_levels(["E10.5", "E8.5", "E9"]) == ["E8.5", "E9", "E10.5"]
    assert sort_levels(["d2", "d10", "d1"]) == ["d1", "d2", "d10"]
    assert sort_levels(["12h", "0h", "48h"]) == ["0h", "12h", "48h"]
