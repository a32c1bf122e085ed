#!/usr/bin/env bash
# The tests of reading and checking screens with other versions of what they stand on, each in an environment of its
# own in .versions, which is made where it is missing; slow ones are left out. Usage: test_versions.sh [COUNT_FILE]
# Where this machine has no Python that a version needs, that is said and counts as one skipped test.

set -uo pipefail
# shellcheck source=tools/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$ROOT" || exit 1

# name | Python | oldest: all at their lower bounds; newest: the newest that the ranges allow | what is other than that
VERSIONS="${FATEBIAS_VERSIONS:-
oldest | 3.11 | oldest |
between | 3.11 | newest | anndata==0.12.0 numpy<2 pandas==2.1.1 zarr==3.1.0
newest | 3.13 | newest |
}"
# All that opens containers, tables and matrices; what follows from their numbers does not hang on these versions.
TESTS=(tests/pytest/containers)
for room in assemble cellranger covariates days fate_names fate_table guide_anndata guide_counts guide_table \
  label_sets levels objects text_table; do
  TESTS+=("tests/pytest/screens/test_$room.py")
done
TESTS+=(tests/pytest/preflight/test_check.py)
# What writes at random or damages files takes minutes, and is run with the versions of .venv.
TESTS+=(--ignore tests/pytest/containers/test_random_screens.py --ignore tests/pytest/containers/test_damaged.py)
FOLDER="$ROOT/.versions"

# The Python of that version, on the path or pyenv's.
python_of() {
  local found
  for found in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python; do
    "$found" -c 'import ensurepip, venv' 2>/dev/null && { command -v "$found"; return; }
  done
  return 1
}

# make_environment PLACE PYTHON PACKAGE...: in place when the list of its packages says so.
make_environment() {
  local place="$1" python="$2" wanted
  wanted="$(printf '%s\n' "$python" "${@:3}")"
  [ "$(cat "$place/wanted" 2>/dev/null)" != "$wanted" ] || return 0
  "$python" -m venv --clear "$place" || return
  "$place/bin/python" -m pip --disable-pip-version-check install -qq --prefer-binary "${@:3}" 2>&1 || return
  share_torch "$place" || return
  printf '%s\n' "$wanted" >"$place/wanted"
}

# Some tests draw screens with the model, which needs torch: nothing of it reads a file, so that .venv's will do. Another
# version of Python cannot load it, and skips those tests.
OF_TORCH='torch torchgen functorch sympy mpmath networkx jinja2 markupsafe filelock fsspec typing_extensions.py
  pyro pyroapi opt_einsum'

share_torch() {
  local ours theirs name
  ours="$(packages_of "$PYTHON")" theirs="$(packages_of "$1/bin/python")"
  [ "$(basename "$(dirname "$ours")")" = "$(basename "$(dirname "$theirs")")" ] || return 0
  for name in $OF_TORCH; do
    [ -e "$theirs/$name" ] || ln -s "$(readlink -f "$ours/$name")" "$theirs/" || return
  done
}

packages_of() { "$1" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }

show_versions() {
  "$1" -c '
import platform
from importlib import metadata
names = ("anndata", "pandas", "numpy", "scipy", "h5py", "zarr", "hdf5plugin")
print("Python", platform.python_version(), *(f"{name} {metadata.version(name)}" for name in names), sep=", ")'
}

WORK="$(mktemp -d)"
trap 'rm -rf "$WORK"' EXIT

# test_version NAME PYTHON oldest|newest PACKAGE...: prints what it does, and its three counts into $WORK/NAME. An
# environment that cannot be made, or tests that end without a count, are one failure.
test_version() {
  local name="$1" python place="$FOLDER/$1" needs
  printf '\n---- %s\n' "$name"
  if ! python="$(python_of "$2")"; then
    say "versions: $name is not tested: it needs Python $2, and there is none here"
    echo 0 0 1 >"$WORK/$name"
    return
  fi
  mapfile -t needs < <("$PYTHON" tools/install_python.py reading "$3")
  if [ "${#needs[@]}" -eq 0 ] || ! make_environment "$place" "$python" "${needs[@]}" "${@:4}"; then
    say "versions: $name cannot be installed"
    echo 0 1 0 >"$WORK/$name"
    return
  fi
  show_versions "$place/bin/python"
  OMP_NUM_THREADS=1 PYTHONPATH="$ROOT/inst/python" "$place/bin/python" -m pytest -q -c inst/python/pyproject.toml \
    --rootdir . -p tools.count_pytest -p no:cacheprovider --count-file "$WORK/$name" -m 'not slow' "${TESTS[@]}"
}

PASSED=0 FAILED=0 SKIPPED=0
add_version() {
  local passed=0 failed=1 skipped=0
  cat "$WORK/$1.log"
  if [ -s "$WORK/$1" ]; then read -r passed failed skipped <"$WORK/$1"; else say "versions: $1 ended without a count"; fi
  say "versions: $1: $passed passed, $failed failed, $skipped skipped"
  PASSED=$((PASSED + passed)) FAILED=$((FAILED + failed)) SKIPPED=$((SKIPPED + skipped))
}

# All at once, since each uses one core; what they said is shown one after another.
mkdir -p "$FOLDER"
NAMES=()
while IFS='|' read -r name version which packages; do
  name="${name// /}"
  [ -n "$name" ] || continue
  NAMES+=("$name")
  # shellcheck disable=SC2086
  test_version "$name" "${version// /}" "${which// /}" $packages >"$WORK/$name.log" 2>&1 </dev/null &
done <<<"$VERSIONS"
wait
for name in "${NAMES[@]}"; do add_version "$name"; done
say "versions: $PASSED passed, $FAILED failed, $SKIPPED skipped"
[ -z "${1:-}" ] || echo "$PASSED $FAILED $SKIPPED" >"$1"
[ "$FAILED" -eq 0 ] && [ "$PASSED" -gt 0 ]
