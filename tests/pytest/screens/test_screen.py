import dataclasses

import pytest

from fatebias.base.errors import ScreenError


def test_a_bad_screen_cannot_exist(small_screen):
    for field, value in {
        "guide_idx": small_screen.guide_idx + 10_000,
        "burden": small_screen.burden[1:],
        "guide_gene": small_screen.guide_gene[::-1],
        "fate_probs": small_screen.fate_probs[:, :1],
        "day_labels": ("d0",),
        "covariate_names": ("depth",),
        "covariates": small_screen.burden[:, None],
        "cluster": small_screen.day[1:],
    }.items():
        with pytest.raises(ScreenError):
            dataclasses.replace(small_screen, **{field: value})
