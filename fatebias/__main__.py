"""`python -m fatebias` at the top of a clone, by whatever Python: hands over to the one that `make` has set up.

This folder has no `__init__.py`: so the package itself (`inst/python/fatebias`, or an installed one) goes before it
wherever a Python has it, and `import fatebias` never means this folder there.
"""

import os
import sys
from pathlib import Path


def main() -> None:
    python = Path(__file__).resolve().parents[1] / ".venv" / "bin" / "python"
    if not python.exists():
        sys.exit("This clone has no Python environment yet: run `make setup`, which makes .venv.")
    # -P: the folder of work, which is this clone's top, is not looked into for packages
    os.execv(str(python), [str(python), "-P", "-m", "fatebias", *sys.argv[1:]])


if __name__ == "__main__":
    main()
