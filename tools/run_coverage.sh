#!/usr/bin/env bash
# The share of lines that the tests reach, file by file and in all, of both languages. Usage: run_coverage.sh [python | r]
# Commands that tests of Python start are counted; R code is counted where testthat's own process runs it: not in
# articles, in jobs of a pipeline, in the report.
set -euo pipefail
# shellcheck source=tools/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$ROOT"

PROJECT=inst/python/pyproject.toml

cover_python() {
  local status=0
  "$PYTHON" -m coverage erase --rcfile="$PROJECT"
  "$PYTHON" -m coverage run --rcfile="$PROJECT" -m pytest -c "$PROJECT" --rootdir . -q tests/pytest || status=$?
  "$PYTHON" -m coverage combine --rcfile="$PROJECT" --quiet
  "$PYTHON" -m coverage report --rcfile="$PROJECT"
  return "$status"
}

cover_r() { Rscript --no-save tools/run_coverage.R; }

STATUS=0
case "${1:-all}" in all | python) cover_python || STATUS=$? ;; esac
case "${1:-all}" in all | r) cover_r || STATUS=$? ;; esac
exit "$STATUS"
