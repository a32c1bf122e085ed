#!/usr/bin/env bash
# Write the test files of tests/pytest/containers/files anew: one environment a version, then numbers, what CellRank
# leaves, and files of all containers. Usage: FATEBIAS_FILES=FOLDER bash tools/container_files/make.sh
#
# FATEBIAS_FILES  folder for the environments (2 GB), which are made where they are missing
# A Python is looked for as python3.8 ... python3.13, then in pyenv's folder; each version names the one it needs.

set -euo pipefail
HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
OUT="$HERE/../../tests/pytest/containers/files"
ENVIRONMENTS="${FATEBIAS_FILES:?names the folder for the environments}"

# name | Python | packages
VERSIONS='
cellrank-1 | 3.9 | cellrank==1.5.1 anndata==0.7.8 scanpy==1.9.8 scvelo==0.2.5 pandas<1.5 numpy<1.24 matplotlib<3.8
cellrank-2.0 | 3.11 | cellrank==2.0.7 anndata==0.11.4 pandas<2.3 zarr<3
cellrank-2.3 | 3.13 | cellrank==2.3.3 anndata==0.13.4
anndata-0.7 | 3.8 | anndata==0.7.8 mudata==0.1.2 zarr==2.13.6 pandas<1.5 numpy<1.24
anndata-0.8 | 3.9 | anndata==0.8.0 mudata==0.2.3 zarr==2.13.6 pandas<2 numpy<1.24
anndata-0.10 | 3.11 | anndata==0.10.9 mudata==0.3.1 zarr==2.18.7 pandas<2.2 numpy<2
anndata-0.11 | 3.11 | anndata==0.11.4 mudata==0.3.1 zarr==2.18.7 pandas<2.3 hdf5plugin
anndata-0.12 | 3.11 | anndata==0.12.19 mudata==0.3.10 zarr==3.1.6 pandas==2.3.3 hdf5plugin
anndata-0.13 | 3.13 | anndata==0.13.4 mudata==0.4.1 zarr==3.4.2 pandas==3.1.1 hdf5plugin
'

find_python() {
  local found
  for found in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python; do
    "$found" -c '' 2>/dev/null && { printf '%s' "$found"; return; }
  done
  printf 'no Python %s here\n' "$1" >&2
  return 1
}

# An environment counts as made once all its packages are in.
make_environment() {
  local folder="$ENVIRONMENTS/$1"
  [ ! -e "$folder/made" ] || return 0
  "$(find_python "$2")" -m venv --clear "$folder"
  "$folder/bin/python" -m pip install -q "${@:3}"
  touch "$folder/made"
}

# The script of this folder, in each environment whose name begins so.
in_each() {
  local name python packages
  while IFS='|' read -r name python packages; do
    case "$name" in "$1"*) ;; *) continue ;; esac
    # shellcheck disable=SC2086
    make_environment "${name// /}" "${python// /}" $packages
    OMP_NUM_THREADS=1 "$ENVIRONMENTS/${name// /}/bin/python" "$HERE/$2" "$OUT"
  done <<<"$VERSIONS"
}

rm -f "$OUT"/*.csv "$OUT"/*.json "$OUT"/*.h5ad "$OUT"/*.zip
"$(find_python 3.11)" "$HERE/numbers_of_screen.py" "$OUT"
in_each cellrank run_cellrank.py
in_each anndata write_files.py
ls -l "$OUT"
