#!/usr/bin/env bash
# R CMD build (articles included) and R CMD check --no-manual on a copy of the sources, in a temporary folder that is removed
# unless the check fails. `R CMD build` copies the folder it is given whole, so .venv stays out of it.
set -euo pipefail
# shellcheck source=tools/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

FOLDER="$(mktemp -d)"
mkdir "$FOLDER/fatebias"
tar -C "$ROOT" --exclude=./.git --exclude=./.venv --exclude=./demo --exclude=./site --exclude=./_targets \
  --exclude=__pycache__ --exclude='.*_cache' -cf - . | tar -C "$FOLDER/fatebias" -xf -

cd "$FOLDER"
R CMD build fatebias
# Suggested packages of Bioconductor may be absent.
if _R_CHECK_FORCE_SUGGESTS_=false R CMD check --no-manual fatebias_*.tar.gz; then
  rm -rf "$FOLDER"
else
  say "the check failed; its files are in $FOLDER"
  exit 1
fi
