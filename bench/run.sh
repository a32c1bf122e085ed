#!/usr/bin/env bash
# Every benchmark, one table each. `make bench` calls this with the project's Python first on PATH.
set -euo pipefail
cd "$(dirname "$0")"
python svi_step.py "$@"
