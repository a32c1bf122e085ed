import pytest

from fatebias.base.errors import ScreenError
from fatebias.screens.contrast import contrast_weights, nearest_name


@pytest.mark.parametrize(
    ("contrast", "weights"), [("MES", [1, 0]), ("NEU", [0, 1]), ("MES - NEU", [1, -1]), ("EC - MES", [-1, 0])]
)
def test_contrasts(contrast, weights):
    assert contrast_weights(contrast, ("EC", "MES", "NEU")).tolist() == weights


@pytest.mark.parametrize("contrast", ["EC", "Mes", "MES - MES", "MES - NEU - EC", "MES-NEU"])
def test_contrasts_that_mean_nothing_are_refused(contrast):
    with pytest.raises(ScreenError, match="contrast_fate"):
        contrast_weights(contrast, ("EC", "MES", "NEU"))


def test_a_mistyped_part_of_a_contrast_is_named_with_its_nearest_fate():
    with pytest.raises(ScreenError, match=r"there is no fate 'Mess', the nearest one is 'MES'\.$"):
        contrast_weights("Mess - NEU", ("EC", "MES", "NEU"))
    with pytest.raises(ScreenError, match="no fate 'MES-NEU' .*a space on either side"):
        contrast_weights("MES-NEU", ("EC", "MES", "NEU"))
    with pytest.raises(ScreenError, match="no fate 'qqq'\\.$"):
        contrast_weights("qqq", ("EC", "MES", "NEU"))


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("mes", "MES"),
        ("MESS", "MES"),
        ("NUE", None),
        ("NEX", "NEU"),
        ("NES", "MES"),
        ("XXX", None),
        ("mesodrem", "Mesoderm"),
        ("", None),
    ],
)
def test_a_name_is_near_where_few_letters_differ(name, near):
    assert nearest_name(name, ["EC", "MES", "NEU", "Mesoderm"]) == near
