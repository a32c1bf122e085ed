"""What tests of a fit as an object share: how it is made, and how its tables are read."""

import shutil

import pandas as pd

QUICK = {"inference": "laplace", "likelihood_weight": 7, "num_posterior_draws": 60}
FATES = {"ref_fate": "1", "contrast_fate": "2"}
DAYS = {"d0": "2h", "d1": "10h"}  # as texts they sort the other way round


def wide(fit, name):
    return pd.read_csv(fit.out_dir / name, float_precision="round_trip")


def on(table, **where):
    for name, value in where.items():
        table = table[table[name] == value]
    return table.reset_index(drop=True)


def copy_of(fit, folder):
    shutil.copytree(fit.out_dir, folder)
    return folder
