#!/usr/bin/env bash
# What both recipes run in a bare Debian: the clone's own set-up, then the command `fatebias` on the path and
# nothing kept that only the installation needed. Usage: install.sh, within the clone that was copied in.
# FATEBIAS_CRAN names the repository of R packages, as for tools/setup.sh.
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)"
export PIP_NO_CACHE_DIR=1

# An environment that came with the copy is bound to the folder it was made in.
rm -rf "$ROOT/.venv"
bash "$ROOT/tools/setup.sh"

ln -sf "$ROOT/.venv/bin/fatebias" /usr/local/bin/fatebias
apt-get clean
rm -rf /var/lib/apt/lists/*
