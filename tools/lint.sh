#!/usr/bin/env bash
# One linter on what it is for; the exit status says whether it found anything.
# Usage: lint.sh python | format | types | imports | r | github | prose
set -euo pipefail
# shellcheck source=tools/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$ROOT"

PROJECT=inst/python/pyproject.toml
FOLDERS=(fatebias inst/python inst/scripts tests/pytest tools bench docs/python)

# A file against the schema of its format, as check-jsonschema brings it.
fits_schema() { "$PYTHON" -m check_jsonschema --builtin-schema "vendor.$1" "${@:2}"; }

lint_github() {
  local forms=(.github/ISSUE_TEMPLATE/[!c]*.yml)
  fits_schema github-workflows .github/workflows/*.yaml
  fits_schema github-issue-forms "${forms[@]}"
  fits_schema github-issue-config .github/ISSUE_TEMPLATE/config.yml
  fits_schema dependabot .github/dependabot.yml
  fits_schema citation-file-format CITATION.cff
}

case "${1:-}" in
  python) "$PYTHON" -m ruff check --config "$PROJECT" "${FOLDERS[@]}" ;;
  format) "$PYTHON" -m ruff format --check --config "$PROJECT" "${FOLDERS[@]}" ;;
  types) "$PYTHON" -m mypy --config-file "$PROJECT" ;;
  imports) "$PYTHON" -c 'from importlinter.cli import lint_imports_command as main; main()' --no-cache --no-logo "$PROJECT" ;;
  r) Rscript --no-save tools/run_lintr.R ;;
  github) lint_github ;;
  prose) "$PYTHON" tools/prose.py ;;
  *) die "no such linter: ${1:-}" ;;
esac
