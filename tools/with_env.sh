#!/usr/bin/env bash
# Runs a command at the top of the clone with the environment that was set up. Usage: with_env.sh COMMAND...
set -euo pipefail
# shellcheck source=tools/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$ROOT"
exec "$@"
