import itertools

import numpy as np
import torch

from fatebias.model.cells import Minibatches, steps_per_epoch, to_tensors


def test_rows_are_day_times_guides_plus_guide(small_screen):
    cells, layout = to_tensors(small_screen)
    for i in (0, 17, small_screen.n_cells - 1):
        a, b = small_screen.guide_ptr[i : i + 2]
        expected = small_screen.day[i] * layout.n_guides + small_screen.guide_idx[a:b]
        assert cells.rows[cells.ptr[i] : cells.ptr[i + 1]].tolist() == expected.tolist()


def test_take_gives_the_cells_asked_for_in_order(small_screen):
    cells, _ = to_tensors(small_screen)
    index = torch.tensor([5, 0, 5, 301])
    part = cells.take(index)
    for j, i in enumerate(index):
        assert torch.equal(part.rows[part.ptr[j] : part.ptr[j + 1]], cells.rows[cells.ptr[i] : cells.ptr[i + 1]])
        assert torch.equal(part.fate_probs[j], cells.fate_probs[i]) and part.day[j] == cells.day[i]


def test_an_epoch_sees_every_cell_once(small_screen):
    cells, layout = to_tensors(small_screen)
    parts = steps_per_epoch(layout.n_cells, 128)
    seen = list(itertools.islice(Minibatches(cells, 128), parts))
    sizes = [len(batch) for batch in seen]
    assert sum(sizes) == layout.n_cells and max(sizes) - min(sizes) <= 1 and max(sizes) <= 128
    together = torch.cat([batch.burden_centered for batch in seen])
    assert np.allclose(np.sort(together), np.sort(cells.burden_centered))


def test_a_batch_as_large_as_the_screen_is_the_screen(small_screen):
    cells, layout = to_tensors(small_screen)
    assert next(Minibatches(cells, layout.n_cells)) is cells
