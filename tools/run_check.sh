#!/usr/bin/env bash
# R CMD build and R CMD check --no-manual on a copy of the sources, in a temporary folder that is removed unless
# the check fails: on an error or a warning; notes are allowed. `R CMD build` copies the folder it is given
# whole, so .venv stays out of it. Usage: run_check.sh [package]
#
# package  leaves out tests and articles, which have parts of their own in the suite
set -euo pipefail
# shellcheck source=tools/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"

BUILD=() CHECK=(--no-manual)
if [ "${1:-}" = package ]; then
  BUILD=(--no-build-vignettes)
  CHECK+=(--no-tests --ignore-vignettes)
fi

FOLDER="$(mktemp -d)"
mkdir "$FOLDER/fatebias"
tar -C "$ROOT" --exclude=./.git --exclude=./.venv --exclude=./demo --exclude=./site --exclude=./_targets \
  --exclude=__pycache__ --exclude='.*_cache' -cf - . | tar -C "$FOLDER/fatebias" -xf -

cd "$FOLDER"
R CMD build ${BUILD[@]+"${BUILD[@]}"} fatebias
# Packages of Bioconductor may be absent; R would ask a repository for them.
export _R_CHECK_FORCE_SUGGESTS_=false _R_CHECK_PACKAGE_DEPENDS_IGNORE_MISSING_ENHANCES_=true
if R CMD check "${CHECK[@]}" fatebias_*.tar.gz &&
  ! grep -q '^Status:.*WARNING' fatebias.Rcheck/00check.log; then
  rm -rf "$FOLDER"
else
  say "the check failed; its files are in $FOLDER"
  exit 1
fi
