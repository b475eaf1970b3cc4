# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Shared by the scripts behind ./dev. Sourced with the repository root as working directory.

say() { printf '\033[1m[dev]\033[0m %s\n' "$*" >&2; }
if [ ! -t 2 ] || [ -n "${NO_COLOR:-}" ]; then
  say() { printf '[dev] %s\n' "$*" >&2; }
fi

die() {
  say "error: $*"
  exit 1
}

# As root directly, otherwise through sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "'$*' needs root, and there is no sudo"
  fi
}

# Builds one preset; further arguments are targets.
build_preset() {
  local preset=$1
  shift
  [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >"build-$preset.log" 2>&1 || {
    cat "build-$preset.log" >&2
    die "cmake --preset $preset failed"
  }
  rm -f "build-$preset.log"
  say "building preset $preset (the first build takes several minutes)"
  ninja -C "build/$preset" "$@"
}

# save_page FILE COMMAND ...: what the command prints, in FILE once it is complete, or printed when FILE is empty.
save_page() {
  local file=$1
  shift
  if [ -z "$file" ]; then
    "$@"
    return
  fi
  mkdir -p "$(dirname "$file")"
  "$@" >"$file.part"
  mv "$file.part" "$file"
  say "written to $file"
}

# Open MPI refuses to run as root unless told twice; containers and CI are root.
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
