"""A simulation that needs far more memory than there is is refused before it begins; the estimate is near the peak."""

import subprocess
import sys

import pytest

from fatebias.base.errors import MemoryLimitError, SimulationError
from fatebias.simulation import Arguments, simulate_to
from fatebias.simulation.memory import simulation_bytes

SIMULATE = """
import sys
from fatebias.simulation import simulate_to
simulate_to(sys.argv[1], {"cells": 100_000, "genes": 200, "fates": 4})
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.parametrize(
    "given", [{"cells": 2 * 10**9}, {"genes": 10**9}, {"days": 10**9}, {"genes": 10**6, "fates": 1000, "days": 100}]
)
def test_too_large_simulations_are_refused_before_work(tmp_path, given):
    with pytest.raises(MemoryLimitError, match=r"A simulation of .* needs about .* GB of memory; .* Lower `cells`"):
        simulate_to(tmp_path / "out", given)
    assert not (tmp_path / "out").exists()


def test_fates_without_end_are_refused():
    with pytest.raises(SimulationError, match="fates must be at most"):
        Arguments.from_mapping({"fates": 10**12})


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peaks are read from /proc")
def test_the_estimate_is_near_the_peak(tmp_path):
    ran = subprocess.run([sys.executable, "-c", SIMULATE, str(tmp_path)], capture_output=True, check=True, text=True)
    estimate = simulation_bytes(Arguments.from_mapping({"cells": 100_000, "genes": 200, "fates": 4}))
    assert estimate == pytest.approx(1024 * int(ran.stdout), rel=0.3)
