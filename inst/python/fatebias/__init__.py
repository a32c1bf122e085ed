"""fatebias: which gene knock-downs bias cell fate, on which day, and how sure we are.

Wings (sub-packages) import from the faces of wings below them only; the contracts of the project file have the order.
"""

import os

# torch's threads otherwise spin while they wait: ten times slower as soon as another job shares the cores
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

__version__ = "0.1.0"
