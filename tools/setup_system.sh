# shellcheck shell=bash
# System programs and libraries; sourced by setup.sh and .ci/run. On Debian and Ubuntu what is missing is
# installed with apt when that is allowed; elsewhere the whole list is printed once and set-up stops.

R_LEAST=4.2

# Libraries that the R packages load, as patterns: Debian and Ubuntu releases number them differently.
RUN_LIBRARIES='libgsl[0-9]+ libglpk[0-9]+ libgmp10 libxml2(-[0-9]+)? libcurl4 libgit2-[0-9.]+ libfontconfig1
  libharfbuzz0b libfribidi0 libtiff[0-9]+ libwebp[0-9]+ libwebpmux[0-9]+ libzmq5 libuv1 libsodium[0-9]+
  libopenblas0-pthread'
# What compiling them needs, where R packages come as source.
BUILD_LIBRARIES='r-base-dev cmake libgsl-dev libglpk-dev libgmp-dev libxml2-dev libcurl4-openssl-dev libssl-dev
  libgit2-dev libfontconfig-dev libharfbuzz-dev libfribidi-dev libtiff-dev libwebp-dev libzmq3-dev libuv1-dev
  libsodium-dev libpng-dev libjpeg-dev'

# ---- Python -----------------------------------------------------------------------------------------------

# Prints the path of a Python when it is 3.11 or later, can make environments, and has the shared library
# that R needs to run Python within its own process.
suitable_python() {
  command -v "$1" >/dev/null 2>&1 || return 1
  "$1" -I -c '
import os, sys, sysconfig
import ensurepip, venv  # Debian ships them apart
get = sysconfig.get_config_var
version = "%d.%d" % sys.version_info[:2]
names = [get("INSTSONAME"), get("LDLIBRARY")] + ["libpython" + version + end for end in (".so", ".dylib")]
places = [get("LIBDIR"), get("PYTHONFRAMEWORKPREFIX")]
shared = any(
    os.path.isfile(os.path.join(place, name))
    for place in places if place for name in names if name and not name.endswith(".a")
)
if sys.version_info < (3, 11) or not shared:
    sys.exit(1)
print(sys.executable)
' 2>/dev/null
}

# The distribution's own Python comes first: R is linked against the same system libraries.
find_python() {
  local candidate
  if [ -n "${FATEBIAS_PYTHON:-}" ]; then
    suitable_python "$FATEBIAS_PYTHON"
    return
  fi
  for candidate in /usr/bin/python3 python3.11 python3.12 python3.13 python3; do
    suitable_python "$candidate" && return
  done
  return 1
}

# ---- what is missing --------------------------------------------------------------------------------------

r_version() { Rscript --version 2>&1 | sed -n 's/.*version \([0-9][0-9.]*\).*/\1/p'; }

at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

# One word a program: R, pandoc, make, python.
missing_programs() {
  command -v Rscript >/dev/null 2>&1 || echo R
  command -v pandoc >/dev/null 2>&1 || [ -x "${RSTUDIO_PANDOC:-}/pandoc" ] || echo pandoc
  command -v make >/dev/null 2>&1 || echo make
  suitable_python "$VENV/bin/python" >/dev/null || find_python >/dev/null || echo python
}

explain() {
  case "$1" in
    R) echo "R $R_LEAST or later with its recommended packages (Debian: r-base-core r-recommended; else r-project.org)" ;;
    pandoc) echo "pandoc (Debian: pandoc; RStudio brings one: set RSTUDIO_PANDOC to its folder)" ;;
    make) echo "GNU make" ;;
    python) echo "Python 3.11 or later with venv and its shared library (Debian: python3-venv libpython3.x; pyenv:" \
      "PYTHON_CONFIGURE_OPTS=--enable-shared; FATEBIAS_PYTHON names one to use${FATEBIAS_PYTHON:+; now $FATEBIAS_PYTHON})" ;;
    *) echo "the library $1" ;;
  esac
}

stop_with_list() {
  local item
  {
    echo "set-up: this machine lacks"
    for item in "$@"; do echo "  - $(explain "$item")"; done
    echo "Set-up cannot install them here (that takes apt and root or a password-less sudo)."
    echo "Install them, then give the same command again."
  } >&2
  exit 1
}

# ---- apt --------------------------------------------------------------------------------------------------

can_apt() {
  command -v apt-get >/dev/null 2>&1 || return 1
  [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null
}

apt_get() {
  local as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
  ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@" </dev/null
}

APT_UPDATED=no
apt_update() {
  [ "$APT_UPDATED" = no ] || return 0
  say "set-up: reading the package lists"
  apt_get update || die "apt-get update failed: see the lines above"
  APT_UPDATED=yes
}

# Names that apt knows and that match a pattern as a whole; Ubuntu's 64-bit-time names end in t64.
apt_known() { apt-cache pkgnames | grep -E -x -e "($1)(t64)?" | sort -V; }
apt_installed() {
  dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | sed -n 's/^ii  *//p' | grep -E -x -e "($1)(t64)?"
}

# For each pattern that nothing installed matches: the newest name that does, or the pattern after a "?".
apt_resolve() {
  local pattern name
  for pattern in "$@"; do
    [ -z "$(apt_installed "$pattern")" ] || continue
    name="$(apt_known "$pattern" | tail -n 1 || true)"
    printf '%s\n' "${name:-?$pattern}"
  done
}

# A name that this release lacks is left out: the package that needs the library says so when it is loaded.
apt_missing() {
  local item
  for item in $(apt_resolve "$@"); do
    case "$item" in
      \?*) echo "set-up: apt has no package like ${item#\?}" >&2 ;;
      *) echo "$item" ;;
    esac
  done
}

apt_install() {
  local names
  # A bare machine has no package lists.
  case "$(apt_resolve "$@")" in *\?*) apt_update ;; esac
  names="$(apt_missing "$@")"
  [ -n "$names" ] || return 0
  say "set-up: apt-get install" $names
  apt_get install --no-install-recommends -y $names && return 0
  # Lists older than the archive name files that are gone.
  apt_update
  apt_get install --no-install-recommends -y $names || die "apt-get could not install:" $names
}

apt_patterns_of() {
  case "$1" in
    R) echo r-base-core r-recommended ;;
    python) echo ca-certificates python3 python3-venv ;;
    *) echo "$1" ;;
  esac
}

# What the distribution's Python still lacks: its shared library, or being recent enough: then a numbered one.
apt_install_python() {
  local version
  version="$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
  at_least 3.11 "$version" || version="$(apt_known 'python3\.1[1-3]' | head -n 1 | sed 's/^python//')"
  [ -z "$version" ] || apt_install "python$version" "python$version-venv" "libpython$version"
}

# ---- steps ------------------------------------------------------------------------------------------------

ensure_system() {
  local item missing patterns=""
  missing="$(missing_programs)"
  if [ -n "$missing" ]; then
    can_apt || stop_with_list $missing
    for item in $missing; do patterns="$patterns $(apt_patterns_of "$item")"; done
    apt_install $patterns
    find_python >/dev/null || apt_install_python
    missing="$(missing_programs)"
    [ -z "$missing" ] || stop_with_list $missing
  fi
  at_least "$R_LEAST" "$(r_version)" || die "R is $(r_version); fatebias needs $R_LEAST or later"
}

# Called before R packages are installed; the argument says whether they come ready-built or as source.
ensure_libraries() {
  command -v dpkg-query >/dev/null 2>&1 || return 0
  local patterns="$RUN_LIBRARIES" missing
  [ "$1" = built ] || patterns="$patterns $BUILD_LIBRARIES"
  if can_apt; then
    apt_install $patterns
  else
    missing="$(apt_missing $patterns)"
    [ -z "$missing" ] || stop_with_list $missing
  fi
}
