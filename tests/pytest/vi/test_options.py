"""What engine svi is told, from settings."""

import pytest

from fatebias.base.settings import Settings
from fatebias.vi.options import SVIOptions
from fatebias.vi.schedule import RATE_LEVELS


def test_options_are_those_of_the_settings_and_rates_fall_from_first_to_last():
    given = {
        "approx_posterior": "lowrank", "num_steps": 70, "batch_size": 128, "learning_rate": 0.02, "lr_decay": 0.25,
        "loss_tolerance": 0.1, "seed": 5,
    }  # fmt: skip
    found = SVIOptions.of(Settings.from_mapping(given))
    assert found == SVIOptions(
        family="lowrank", steps=70, batch_size=128, learning_rate=0.02, rate_decay=0.25, tolerance=0.1, seed=5
    )
    assert [found.rate(level) for level in range(RATE_LEVELS)] == pytest.approx([0.02, 0.01, 0.005])
