#!/usr/bin/env bash
# Tries a recipe without Docker or Apptainer: the commands that stand in it run in a bare Debian, made by
# debootstrap and removed at the end, with this machine's settings of apt and pip. Needs root.
# Usage: try_in_chroot.sh [Dockerfile | fatebias.def]
#
# FATEBIAS_CRAN         a folder of R packages (else ../shared/cran), copied to where set-up looks for it
# FATEBIAS_CHROOT_SHOW  folders of this machine to show within, read only: those that pip's settings name

set -euo pipefail

HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)"
CLONE="$(cd "$HERE/../.." && pwd -P)"
RELEASE=bookworm # that of the recipes
CRAN="${FATEBIAS_CRAN:-$CLONE/../shared/cran}"
INSIDE=/opt      # the folder that the recipes copy the clone into
MOUNTED=()

# ---- what the recipe says ---------------------------------------------------------------------------------

# The lines of one section of an Apptainer definition.
section() { awk -v name="%$2" '/^%/ { on = $1 == name; next } on' "$1"; }

recipe_script() {
  case "$1" in
    *Dockerfile) sed -n -e 's/^ENV /export /p' -e 's/^RUN //p' "$1" ;;
    *.def) section "$1" post && section "$1" environment && section "$1" test ;;
    *) echo "no recipe of a known kind: $1" >&2 && return 1 ;;
  esac
}

# ---- a bare system ----------------------------------------------------------------------------------------

archive_address() { apt-get indextargets --format '$(REPO_URI)' "Codename: $RELEASE" | head -n 1; }

mount_within() {
  mkdir -p "$SYSTEM${*: -1}"
  mount "${@:1:$#-1}" "$SYSTEM${*: -1}"
  MOUNTED=("$SYSTEM${*: -1}" "${MOUNTED[@]}")
}

# Nothing is removed while a folder of this machine still shows within.
remove_system() {
  local place
  for place in ${MOUNTED[@]+"${MOUNTED[@]}"}; do umount "$place" || umount -l "$place"; done
  if grep -qF " $SYSTEM/" /proc/mounts; then
    echo "still mounted, so left as it is: $SYSTEM" >&2
  else
    rm -rf --one-file-system "$SYSTEM"
  fi
}

make_system() {
  local place
  debootstrap --variant=minbase "$RELEASE" "$SYSTEM" "$(archive_address)" >"$SYSTEM.log" || {
    tail "$SYSTEM.log" >&2
    return 1
  }
  rm "$SYSTEM.log"
  mount_within -t proc proc /proc
  for place in ${FATEBIAS_CHROOT_SHOW:-}; do mount_within --bind -o ro "$place" "$place"; done
}

# How this machine reaches its package archives; nothing else of it.
copy_settings() {
  local path paths=()
  for path in /etc/apt /etc/resolv.conf /etc/hosts /etc/pip.conf "$HOME/.config/pip" /usr/local/share/ca-certificates; do
    [ ! -e "$path" ] || paths+=("${path#/}")
  done
  rm -rf "$SYSTEM/etc/apt"
  tar -C / --dereference -cf - "${paths[@]}" | tar -C "$SYSTEM" -xf -
}

# What git would have in a clone, changes of this folder included; and the packages of R, where they lie beside.
copy_clone() {
  mkdir -p "$SYSTEM$INSIDE/fatebias"
  git -C "$CLONE" ls-files -z --cached --others --exclude-standard |
    tar -C "$CLONE" --null -T - -cf - | tar -C "$SYSTEM$INSIDE/fatebias" --no-same-owner -xf -
  [ ! -d "$CRAN" ] || {
    mkdir -p "$SYSTEM$INSIDE/shared"
    cp -R "$CRAN" "$SYSTEM$INSIDE/shared/cran"
  }
}

run_within() {
  local settings=()
  mapfile -t settings < <(env | grep -E '^(PIP|SSL)_[A-Z_]*=' || true)
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME="$HOME" "${settings[@]}" \
    chroot "$SYSTEM" bash -euxc "$1" </dev/null
}

# ---- all --------------------------------------------------------------------------------------------------

main() {
  local script
  script="$(recipe_script "$1")"
  [ "$(id -u)" -eq 0 ] || { echo "only root can change the root folder" >&2 && exit 1; }
  SYSTEM="$(mktemp -d)"
  chmod 755 "$SYSTEM"
  trap remove_system EXIT
  make_system
  copy_settings
  copy_clone
  run_within "$script"
  echo "the commands of $(basename "$1") ran to their end ($SECONDS s)"
}

main "$HERE/${1:-Dockerfile}"
