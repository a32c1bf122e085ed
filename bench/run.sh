#!/usr/bin/env bash
# Every benchmark, one table each, about half an hour on 2 cores. `make bench` calls this with the project's Python
# first on PATH. `run.sh short` leaves out what takes minutes (500,000 cells and more).
set -euo pipefail
cd "$(dirname "$0")"
title() { printf '\n## %s\n\n' "$1"; }

title "Agreement with MCMC"
python reference.py
title "Calibration of standard errors"
python calibration.py
title "Simulation-based calibration"
python sbc.py --screens "$([ "${1:-}" = short ] && echo 20 || echo 100)"
title "Why delta is centred"
python centering.py
title "SVI step"
python svi_step.py
title "Whole processes"
if [ "${1:-}" = short ]; then
  python processes.py strong real
else
  python processes.py
  title "Growth"
  python growth.py --out growth.csv
  Rscript plot_growth.R growth.csv growth.png
fi
title "GPU"
python gpu.py
