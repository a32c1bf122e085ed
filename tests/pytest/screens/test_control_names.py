import pytest

from fatebias.screens.control_names import look_alike, looks_like_control, names_controls


@pytest.mark.parametrize(
    "name", ["NTC", "ntc_3", "Non-Targeting", "nontargeting_12", "safe_targeting", "neg_ctrl", "NegCtrl1"]
)
def test_names_of_controls(name):
    assert looks_like_control(name)


@pytest.mark.parametrize("name", ["NTRK1", "CTRL2L", "SAFB", "NEGR1", "GENE1", "CONTROLIN", "NT5E", "SAFB2"])
def test_names_of_genes(name):
    assert not looks_like_control(name) and not names_controls(name)


def test_words_that_stand_for_controls_alone_are_fewer_than_names_like_those_of_controls():
    assert all(map(names_controls, ["non-targeting", "Non-Targeting", "NTC", "safe_targeting", "negative_control"]))
    assert not any(map(names_controls, ["CTRL", "NT", "control", "SAFE1"]))  # CTRL is a gene


def test_names_that_look_alike():
    assert look_alike(["KDR", "kdr", "GATA1", "G0\u200bX", "G0X", "KDR"]) == ["KDR", "kdr", "G0\u200bX", "G0X"]
    assert look_alike(["KDR", "KDR2"]) == []
