#!/usr/bin/env bash
# Shows that both languages work in the image: versions, and what fatebias finds. Fails where anything is missing.
set -euo pipefail
# Not in the clone's folder, where Python and R would find what no user's folder has.
cd /

"$RETICULATE_PYTHON" -m fatebias --version
fatebias --version
Rscript -e 'found <- fatebias::fatebias_sitrep(); print(found); quit(status = length(found$problems) > 0)'
