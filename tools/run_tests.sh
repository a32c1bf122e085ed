#!/usr/bin/env bash
# Runs every part of the tests and ends with one line: N passed, N failed[, N skipped]. The exit status is 0
# only when every part ran to its end, something passed and nothing failed.
# Usage: run_tests.sh [lint | python | versions | r | package | browser | slurm | numbers]
# A part that crashes counts as one failure.

set -uo pipefail
# shellcheck source=tools/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$ROOT" || exit 1
# shellcheck source=tools/setup_system.sh
source tools/setup_system.sh

WORK="$(mktemp -d)"
# Not within $WORK, which only its owner can enter: munged runs as another user.
SLURM="$(mktemp -u -d "${TMPDIR:-/tmp}/fatebias-slurm.XXXXXX")"
trap 'stop_slurm; rm -rf "$WORK"' EXIT
PASSED=0 FAILED=0 SKIPPED=0
TIMES=""

# ---- parts: each prints what it does; those that count write "passed failed skipped" to the file they are given

test_python() {
  "$PYTHON" -m pytest -c inst/python/pyproject.toml --rootdir . -p tools.count_pytest \
    --count-file "$1" --durations=5 --durations-min=2 tests/pytest
}

# Reading, with other versions of what it stands on.
test_versions() { bash tools/test_versions.sh "$1"; }

test_r() { Rscript --no-save tools/run_testthat.R "$1"; }

# The tests of R's numbers once more, with the arithmetic of another processor and one thread: what the package
# says must not hang on last digits. Every x86-64 processor can run these kernels of OpenBLAS.
OTHER_CORE=Prescott
NUMBERS='^(ties|mash_activity|mash|mash_model|mash_hits)$'

test_numbers() { on_other_core Rscript --no-save tools/run_testthat.R "$1" tests/testthat "$NUMBERS"; }

on_other_core() {
  OPENBLAS_CORETYPE="$OTHER_CORE" OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 OPENBLAS_VERBOSE="${VERBOSE:-0}" "$@"
}

# Is R's BLAS an OpenBLAS that lets itself be told so?
can_other_core() {
  VERBOSE=2 on_other_core Rscript -e 'invisible(La_library())' 2>&1 | grep -qi "^Core: $OTHER_CORE"
}

AXE_VERSION=4.14.1

# The report in a real browser, and by axe-core where npm can bring it.
test_browser() {
  CHROMOTE_CHROME="$(find_browser)" FATEBIAS_AXE="$(find_axe)" Rscript --no-save tools/run_testthat.R "$1" tests/browser
}

find_axe() {
  local axe="${FATEBIAS_AXE:-$ROOT/.axe/node_modules/axe-core/axe.min.js}"
  if [ ! -e "$axe" ] && command -v npm >/dev/null; then
    npm install --silent --no-fund --no-audit --prefix "$ROOT/.axe" "axe-core@$AXE_VERSION" >&2
  fi
  [ ! -e "$axe" ] || echo "$axe"
}

find_browser() {
  local name
  for name in "${CHROMOTE_CHROME:-}" chromium chromium-browser google-chrome; do
    command -v "$name" && return
  done
  return 1
}

# A real Slurm on this machine, for as long as its tests take.
test_slurm() {
  tests/slurm/start "$SLURM" || return
  SLURM_CONF="$SLURM/slurm.conf" Rscript --no-save tools/run_testthat.R "$1" tests/slurm
}

stop_slurm() { [ ! -e "$SLURM" ] || tests/slurm/stop "$SLURM"; }

# ---- counting ---------------------------------------------------------------------------------------------

add_counts() { PASSED=$((PASSED + $1)) FAILED=$((FAILED + $2)) SKIPPED=$((SKIPPED + $3)); }

start_part() {
  printf '\n==== %s\n' "$1"
  PART_STARTED=$SECONDS
}

end_part() { TIMES="$TIMES  $1 $((SECONDS - PART_STARTED)) s"; }

# A part with a count of its own. A status other than 0 with no failure counted is a crash.
run_suite() {
  local counts="$WORK/$2" status=0 passed=0 failed=0 skipped=0
  start_part "$1"
  "$2" "$counts" </dev/null || status=$?
  if [ ! -s "$counts" ] || ! read -r passed failed skipped <"$counts"; then
    say "$1 ended without a count (status $status)"
    passed=0 failed=1 skipped=0
  elif [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
    say "$1 ended with status $status"
    failed=1
  elif [ $((passed + failed)) -eq 0 ]; then
    say "$1 ran no test"
    failed=1
  fi
  add_counts "$passed" "$failed" "$skipped"
  end_part "$1"
}

# A part that is one check: its name, and the command that fails where something is wrong.
run_check() {
  start_part "$1"
  if "${@:2}" </dev/null; then add_counts 1 0 0; else add_counts 0 1 0; fi
  end_part "$1"
}

# Parts that this machine may not be able to run; CI as root can.
run_numbers() {
  if ! can_other_core; then
    say "numbers: skipped, R's BLAS is no OpenBLAS with kernels for several processors"
    add_counts 0 0 1
    return
  fi
  run_suite "testthat, numbers of $OTHER_CORE" test_numbers
}

run_browser() {
  find_browser >/dev/null || { can_apt && apt_install chromium; }
  if ! find_browser >/dev/null; then
    say "browser: skipped, there is no Chromium or Chrome"
    add_counts 0 0 1
    return
  fi
  run_suite browser test_browser
}

run_slurm() {
  local reason
  reason="$(tests/slurm/start --why-not)"
  if [ -n "$reason" ]; then
    say "slurm: skipped, $reason"
    add_counts 0 0 1
    return
  fi
  run_suite slurm test_slurm
  stop_slurm
}

run_lint() {
  run_check ruff tools/lint.sh python
  run_check 'ruff format' tools/lint.sh format
  run_check mypy tools/lint.sh types
  run_check lint-imports tools/lint.sh imports
  run_check lintr tools/lint.sh r
  run_check .github tools/lint.sh github
  run_check prose tools/lint.sh prose
}

run_python() { run_suite pytest test_python; }

run_versions() { run_suite versions test_versions; }

# Debian has openxlsx, where the package repository has none: tests of workbooks are skipped without it.
have_openxlsx() { Rscript -e 'quit(status = !requireNamespace("openxlsx", quietly = TRUE))'; }

run_r() {
  have_openxlsx || { can_apt && apt_install r-cran-openxlsx; }
  run_suite testthat test_r
}

run_package() { run_check 'R CMD check' tools/run_check.sh package; }

# ---- lanes: parts that share nothing run beside one another, since most of them use one core --------------

run_lane() {
  run_lint
  run_python
  run_versions
  run_package
  run_numbers
  run_browser
}

start_lane() {
  (
    PASSED=0 FAILED=0 SKIPPED=0 TIMES=""
    run_lane
    printf '%s %s %s%s\n' "$PASSED" "$FAILED" "$SKIPPED" "$TIMES" >"$WORK/lane"
  ) >"$WORK/lane.log" 2>&1 &
  LANE=$!
}

# What the lane printed and counted; one that crashes counts as one failure.
take_lane() {
  local passed=0 failed=1 skipped=0 times=""
  wait "$LANE"
  cat "$WORK/lane.log"
  [ -s "$WORK/lane" ] && read -r passed failed skipped times <"$WORK/lane" || say "a lane ended without a count"
  add_counts "$passed" "$failed" "$skipped"
  TIMES="$TIMES  $times"
}

# Slurm's tests come last and alone: they watch the clock.
run_all() {
  say "linters, pytest, R CMD check and the browser run beside testthat, and are shown after it"
  start_lane
  run_r
  take_lane
  run_slurm
}

# ---- all --------------------------------------------------------------------------------------------------

PART="${1:-all}"
case "$PART" in
  all | lint | python | versions | r | package | numbers | browser | slurm) "run_$PART" ;;
  *) die "no such part: $PART" ;;
esac

printf '\nseconds:%s\n' "$TIMES"
if [ "$SKIPPED" -gt 0 ]; then
  say "$PASSED passed, $FAILED failed, $SKIPPED skipped"
else
  say "$PASSED passed, $FAILED failed"
fi
[ "$FAILED" -eq 0 ] && [ "$PASSED" -gt 0 ]
