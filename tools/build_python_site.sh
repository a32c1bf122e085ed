#!/usr/bin/env bash
# The pages of the Python API, in site/python or the folder given. Usage: build_python_site.sh [FOLDER]
# mkdocs is no part of the set-up: docs/python/requirements.txt has what is needed.
set -euo pipefail
# shellcheck source=tools/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
FOLDER="$(realpath -m "${1:-$ROOT/site/python}")"

"$PYTHON" -c 'import mkdocs, mkdocstrings_handlers.python, material' 2>/dev/null ||
  die "the pages need mkdocs: $PYTHON -m pip install -r docs/python/requirements.txt"
NO_MKDOCS_2_WARNING=1 "$PYTHON" -m mkdocs build --strict --quiet -f "$ROOT/docs/python/mkdocs.yml" -d "$FOLDER"
rm -f "$FOLDER/404.html" # of a server that has these pages at its top
say "The pages are $FOLDER/index.html"
