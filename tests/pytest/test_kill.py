"""kill -9 at random moments (two of each work here, 25 by bench/kill.py): the next run ends as an undisturbed one."""

import kill
import numpy as np
import pytest

MOMENTS = np.random.default_rng(18)


@pytest.fixture(scope="module")
def works(tmp_path_factory):
    return kill.works_of(tmp_path_factory.mktemp("kill"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", ["svi", "laplace", "certificate", "export"])
def test_a_run_after_a_kill_leaves_what_an_undisturbed_one_leaves(works, tmp_path, name):
    whole, seconds = kill.undisturbed(works[name], tmp_path)
    for after in MOMENTS.uniform(0, seconds, 2):
        found = kill.kill_and_rerun(works[name], tmp_path / "again", after, whole)
        assert found.differ == (), f"killed after {after:.3f} s of {seconds:.3f}, which left {found.left}"
