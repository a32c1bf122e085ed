#!/usr/bin/env bash
# Set-up in four steps: system, Python, R packages, the package itself. Each looks at the state and does only
# what is missing, so a second call takes a few seconds. Usage: bash tools/setup.sh
#
# FATEBIAS_PYTHON  the Python to build .venv from (3.11 or later, with its shared library)
# FATEBIAS_CRAN    repository of R packages: a folder or an address (else ../shared/cran where that is, else
#                  R's option "repos")
# FATEBIAS_NEEDS   what else R packages are wanted for: website, document, coverage (Config/Needs of DESCRIPTION)
# FATEBIAS_SETUP   "no": all is in place by other means

set -euo pipefail

TOOLS="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
# shellcheck source=tools/env.sh
source "$TOOLS/env.sh"
# shellcheck source=tools/setup_system.sh
source "$TOOLS/setup_system.sh"

SOURCES="$ROOT/inst/python"
LOCKS=("$SOURCES/requirements.lock" "$SOURCES/requirements-dev.lock")

# ---- Python -----------------------------------------------------------------------------------------------

run_pip() { "$VENV/bin/python" -m pip --disable-pip-version-check -qq "$@" </dev/null; }

missing_python() {
  "$VENV/bin/python" -I "$TOOLS/check_python.py" "$SOURCES" "${LOCKS[@]}" 2>/dev/null || echo environment
}

create_environment() {
  local python
  python="$(find_python)" || die "$(explain python)"
  say "set-up: a Python environment in .venv from $python"
  "$python" -m venv --clear "$VENV"
}

# torch goes first and by its exact version: a build that is on disk or installed is then taken, where a range
# would fetch the newest one with gigabytes of CUDA libraries.
install_pins() {
  say "set-up: Python packages of requirements.lock"
  run_pip install "$(grep '^torch==' "${LOCKS[0]}")"
  run_pip install -r "${LOCKS[0]}" -r "${LOCKS[1]}"
  run_pip install --no-deps --no-build-isolation -e "$SOURCES"
}

ensure_python() {
  local missing
  "$VENV/bin/python" -m pip --version >/dev/null 2>&1 || create_environment
  missing="$(missing_python)"
  [ -n "$missing" ] || return 0
  install_pins
  missing="$(missing_python)"
  [ -z "$missing" ] || die "after installation .venv still lacks: $missing"
}

# ---- R ----------------------------------------------------------------------------------------------------

# The repository to install from, as an address; nothing where R's own setting holds.
r_repository() {
  local place="${FATEBIAS_CRAN:-}"
  [ -n "$place" ] || [ ! -d "$ROOT/../shared/cran/src" ] || place="$ROOT/../shared/cran"
  case "$place" in
    '' | *://*) printf '%s' "$place" ;;
    *)
      [ -d "$place/src/contrib" ] || die "FATEBIAS_CRAN is $place, which has no src/contrib"
      place="$(cd "$place" && pwd -P)"
      printf 'file://%s' "${place// /%20}"
      ;;
  esac
}

run_r() { Rscript --no-save "$TOOLS/$1" "${@:2}" </dev/null; }

ensure_r_packages() {
  local missing repository kind=source
  missing="$(run_r setup_packages.R missing "$ROOT/DESCRIPTION")"
  [ -n "$missing" ] || return 0
  repository="$(r_repository)"
  case "$repository" in file://*) kind=built ;; esac
  say "set-up: R packages" $missing
  ensure_libraries "$kind"
  run_r setup_packages.R install "$ROOT/DESCRIPTION" "$repository"
}

ensure_package() { run_r setup_self.R "$ROOT"; }

# ---- all --------------------------------------------------------------------------------------------------

main() {
  local started=$SECONDS
  [ "$FATEBIAS_SETUP" != no ] || return 0
  cd "$ROOT"
  ensure_system
  ensure_python
  ensure_r_packages
  ensure_package
  say "set-up: in place ($((SECONDS - started)) s)"
}

main
