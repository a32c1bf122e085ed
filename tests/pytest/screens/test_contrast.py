import numpy as np
import pytest

from fatebias.base.errors import ScreenError
from fatebias.screens.contrast import (
    contrast_labels,
    contrast_sides,
    contrast_weights,
    fate_weights,
    list_contrasts,
    nearest_name,
)

FATES = ("EC", "MES", "NEU", "Smooth muscle")


@pytest.mark.parametrize(
    ("contrast", "weights"), [("MES", [1, 0]), ("NEU", [0, 1]), ("MES - NEU", [1, -1]), ("EC - MES", [-1, 0])]
)
def test_contrasts(contrast, weights):
    assert contrast_weights(contrast, ("EC", "MES", "NEU")).tolist() == weights


@pytest.mark.parametrize(
    ("contrast", "value"),
    [
        ("MES", lambda ec, mes, neu, smooth: mes - ec),
        ("NEU - Smooth muscle", lambda ec, mes, neu, smooth: neu - smooth),
        ("MES - (EC + NEU) / 2", lambda ec, mes, neu, smooth: mes - (ec + neu) / 2),
        ("MES - (EC+NEU)/2", lambda ec, mes, neu, smooth: mes - (ec + neu) / 2),
        ("(EC + MES) / 2 - (NEU + Smooth muscle) / 2", lambda ec, mes, neu, smooth: (ec + mes - neu - smooth) / 2),
        ("EC - rest", lambda ec, mes, neu, smooth: ec - (mes + neu + smooth) / 3),
        ("rest - EC", lambda ec, mes, neu, smooth: (mes + neu + smooth) / 3 - ec),
        ("(EC + MES) / 2 - rest", lambda ec, mes, neu, smooth: (ec + mes) / 2 - (neu + smooth) / 2),
    ],
)
def test_words_are_the_arithmetic_that_they_say(contrast, value):
    """On log probabilities; and on logits against the reference, whichever it is."""
    log_p = np.log(np.random.default_rng(0).dirichlet(np.ones(4)))
    expected = value(*log_p)
    assert fate_weights(contrast, FATES) @ log_p == pytest.approx(expected)
    assert fate_weights(contrast, FATES).sum() == pytest.approx(0, abs=1e-15)
    if contrast == "MES":  # the reference is not named
        assert contrast_weights(contrast, FATES) @ (log_p - log_p[0])[1:] == pytest.approx(expected)
        return
    for reference in range(4):
        order = [reference, *[k for k in range(4) if k != reference]]
        logits = (log_p - log_p[reference])[order][1:]
        weights = contrast_weights(contrast, tuple(FATES[k] for k in order))
        assert weights @ logits == pytest.approx(expected)


def test_names_of_fates_may_hold_every_sign_of_the_words():
    fates = ("CD34+", "CD34+ - late", "a-b", "rest", "(x + y) / 2")
    assert contrast_sides("CD34+ - late", fates) == (("CD34+ - late",), ("CD34+",))
    assert contrast_sides("a-b - CD34+ - late", fates) == (("a-b",), ("CD34+ - late",))
    assert contrast_sides("CD34+ - late - a-b", fates) == (("CD34+ - late",), ("a-b",))
    assert contrast_sides("a-b - (CD34+ + CD34+ - late) / 2", fates) == (("a-b",), ("CD34+", "CD34+ - late"))
    assert contrast_sides("a-b - rest", fates) == (("a-b",), ("rest",))  # the fate of that name
    assert contrast_sides("a-b - (x + y) / 2", fates) == (("a-b",), ("(x + y) / 2",))


@pytest.mark.parametrize(
    "contrast",
    [
        "EC", "Mes", "MES - MES", "MES - NEU - EC", "MES-NEU", "", " - MES", "rest", "rest - rest",
        "MES - (EC + NEU) / 3",
        "MES - (EC + EC) / 2", "MES - (MES + NEU) / 2", "MES - (EC + NEU)", "MES - 0.5 NEU", "MES - (EC + Neu) / 2",
        "(EC + MES + NEU + Smooth muscle) / 4 - rest",
    ],
)  # fmt: skip
def test_contrasts_that_mean_nothing_are_refused(contrast):
    with pytest.raises(ScreenError, match="contrast_fate"):
        contrast_weights(contrast, FATES)


def test_a_mistyped_part_of_a_contrast_is_named_with_its_nearest_fate():
    fates = ("EC", "MES", "NEU")
    with pytest.raises(ScreenError, match=r"there is no fate 'Mess', the nearest one is 'MES'\.$"):
        contrast_weights("Mess - NEU", fates)
    with pytest.raises(ScreenError, match=r"there is no fate 'Mess', the nearest one is 'MES'\.$"):
        contrast_weights("NEU - (EC + Mess) / 2", fates)
    with pytest.raises(ScreenError, match="no fate 'MES-NEU' .*a space on either side"):
        contrast_weights("MES-NEU", fates)
    with pytest.raises(ScreenError, match="no fate 'qqq'\\.$"):
        contrast_weights("qqq", fates)
    with pytest.raises(ScreenError, match="a mean of 2 is divided by 2"):
        contrast_weights("NEU - (EC + MES) / 3", fates)
    with pytest.raises(ScreenError, match=r"^`contrasts: EC` is the reference .* or 'EC - rest'\.$"):
        contrast_weights("EC", fates, "contrasts")
    with pytest.raises(ScreenError, match=r"such as 'NEU - MES', 'NEU - \(MES \+ EC\) / 2', 'NEU - rest'; there"):
        contrast_weights("X", fates)
    with pytest.raises(ScreenError, match="such as 'MES - EC', 'MES - rest'; there"):
        contrast_weights("X", fates[:2])


def test_labels_are_names_of_files():
    contrasts = ["MES", "MES - NEU", "A - (B + C) / 2", "A - rest", "β/γ", "mes", "MES"]
    labels = contrast_labels(contrasts)
    assert labels == ["MES", "MES-NEU", "A-_B_C__2", "A-rest", "___", "mes.2", "MES.3"]
    assert len({label.lower() for label in labels}) == len(labels)


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


def test_words_that_compare_the_same_count_once():
    fates = ("EC", "MES", "NEU")
    others = ["MES - EC", "NEU", "MES", "NEU - (EC) / 1", "MES - rest", "MES - (EC + NEU) / 2"]
    assert list_contrasts("MES", others, fates) == ["MES", "NEU", "MES - rest"]
    assert list_contrasts("MES", None, fates) == ["MES"]
    with pytest.raises(ScreenError, match="`contrasts: MSE`"):
        list_contrasts("MES", ["MSE"], fates)
