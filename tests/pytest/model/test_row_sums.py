"""Sums over lists of rows, against loops."""

import numpy as np
import pytest
import torch

from fatebias.model.row_sums import RowSums


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("tail", [(), (3,), (2, 4)])
def test_sums_are_those_of_the_lists(dtype, tail):
    rng = np.random.default_rng(0)
    lengths = np.array([0, 2, 5, 0, 1])
    rows = rng.integers(7, size=lengths.sum())
    ptr = np.r_[0, np.cumsum(lengths)]
    table = torch.as_tensor(rng.normal(size=(7, *tail)), dtype=dtype)
    found = RowSums(ptr, rows, 7, "cpu")(table)
    exact = np.stack([table.double().numpy()[rows[a:b]].sum(0) for a, b in zip(ptr, ptr[1:])])
    assert found.dtype == dtype
    np.testing.assert_allclose(found.reshape(exact.shape), exact, atol=1e-12 if dtype == torch.float64 else 1e-6)


@pytest.mark.parametrize("at_once", [1, 60, 1 << 22])
def test_sums_of_products_are_those_of_the_lists(at_once, monkeypatch):
    monkeypatch.setattr("fatebias.model.row_sums.NUMBERS_AT_ONCE", at_once)
    rng = np.random.default_rng(0)
    lengths = np.array([0, 2, 5, 0, 1, 2])
    rows = rng.integers(7, size=lengths.sum())
    ptr = np.r_[0, np.cumsum(lengths)]
    left, right = rng.normal(size=(7, 4)), rng.normal(size=(7, 3))
    sums = RowSums(ptr, rows, 7, "cpu")
    found = sums.of_products(torch.as_tensor(left), torch.as_tensor(right))
    exact = np.zeros((6, 4, 3))
    for one, (a, b) in enumerate(zip(ptr, ptr[1:])):
        for row in rows[a:b]:
            exact[one] += np.outer(left[row], right[row])
    np.testing.assert_allclose(found, exact, atol=1e-12)
    some = sums.of_products(torch.as_tensor(left), torch.as_tensor(right), torch.tensor([5, 0, 2]))
    np.testing.assert_allclose(some, exact[[5, 0, 2]], atol=1e-12)
