# shellcheck shell=bash
# What every command of this clone runs with; sourced, never run. Sets ROOT, VENV, PYTHON and the exports below.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
VENV="$ROOT/.venv"

say() { printf '%s\n' "$*"; }
die() { printf 'set-up: %s\n' "$*" >&2; exit 1; }

# FATEBIAS_SETUP=no: nothing is installed, and the Python on the path is the one used. So work the systems of a
# matrix, whose installers are not set-up's.
FATEBIAS_SETUP="${FATEBIAS_SETUP:-yes}"
PYTHON="$VENV/bin/python"
[ "$FATEBIAS_SETUP" != no ] || PYTHON="$(python -c 'import sys; print(sys.executable)')"

# reticulate finds ./.venv only when R was started beside it, and would otherwise build an environment
# over the network: so it is always told.
export RETICULATE_PYTHON="$PYTHON"

# A bare machine has the C locale, in which R prints and sorts differently from anywhere else.
case "$(locale charmap 2>/dev/null)" in
  UTF-8) ;;
  *) export LC_ALL=C.UTF-8 ;;
esac

# torch's threads otherwise spin while they wait: ten times slower as soon as another job shares the cores.
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"
