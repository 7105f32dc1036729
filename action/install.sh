#!/usr/bin/env bash
# Puts `minion` and a working sandbox on the runner, and writes the command's path to the step's output `minion`.
# Reads: ACTION_PATH, WANTED_VERSION, SANDBOX, RUNNER_TEMP, RUNNER_TOOL_CACHE, GITHUB_OUTPUT.
set -euo pipefail

root=$(cd "$ACTION_PATH/.." && pwd)
wanted=${WANTED_VERSION:-}
if [ -z "$wanted" ] && [ -f "$root/pyproject.toml" ]; then
  wanted=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/pyproject.toml" | head -n 1)
fi

# A message for people, and exit code 2.
stop() {
  echo "::error title=minion::$1"
  exit 2
}

preinstalled() {
  local have
  have=$(minion --version 2>/dev/null) || return 1
  [ -z "$wanted" ] || [ "$have" = "minion $wanted" ]
}

find_python() {
  local candidate
  for candidate in python3.13 python3.12 python3.11 python3 "${RUNNER_TOOL_CACHE:-/nowhere}"/Python/3.1[1-9]*/*/bin/python3; do
    if "$candidate" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  stop "No Python 3.11 or later with venv on this runner. Put actions/setup-python in front of this action."
}

# Hashes for all that is downloaded; nothing that is downloaded is built. Python compiles what it comes to use.
hashed=(--no-deps --only-binary :all: --require-hashes --requirement)
source=(--no-deps --no-index --no-build-isolation "$root")
export PIP_DISABLE_PIP_VERSION_CHECK=1

# The machine's, else the one that is pinned beside this file.
find_uv() {
  command -v uv && return
  local target="$RUNNER_TEMP/minion-uv"
  "$1" -m pip install --quiet --target "$target" "${hashed[@]}" "$ACTION_PATH/installer.lock" >/dev/null 2>&1 || return 1
  echo "$target/bin/uv"
}

install_with_uv() {
  local uv
  uv=$(find_uv "$2") || return 1
  "$uv" pip install --quiet --python "$1/bin/python" "${hashed[@]}" "$ACTION_PATH/requirements.lock" &&
    "$uv" pip install --quiet --python "$1/bin/python" "${source[@]}"
}

# Slower, but it knows the settings of pip: an index or a proxy that only they name.
install_with_pip() {
  "$2" -m venv --clear "$1"
  "$1/bin/python" -m pip install --quiet --no-compile "${hashed[@]}" "$ACTION_PATH/requirements.lock"
  "$1/bin/python" -m pip install --quiet --no-compile "${source[@]}"
}

install_minion() {
  [ -f "$root/pyproject.toml" ] || stop "This action holds no source to install, and no minion $wanted is preinstalled."
  local python venv="$RUNNER_TEMP/minion-venv"
  python=$(find_python)
  "$python" -m venv --clear --without-pip "$venv"
  install_with_uv "$venv" "$python" || install_with_pip "$venv" "$python"
  minion="$venv/bin/minion"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

box_works() {
  bwrap --unshare-all --unshare-user --disable-userns --ro-bind / / --proc /proc --dev /dev true 2>/dev/null
}

# Ubuntu 24.04 lets only programs with a profile make user namespaces
# (https://ubuntu.com/blog/ubuntu-23-10-restricted-unprivileged-user-namespaces).
allow_namespaces() {
  if command -v apparmor_parser >/dev/null; then
    printf 'abi <abi/4.0>,\ninclude <tunables/global>\nprofile minion-bwrap %s flags=(unconfined) {\n  userns,\n}\n' \
      "$(command -v bwrap)" | as_root apparmor_parser --replace >/dev/null 2>&1 || true
    if box_works; then return; fi
  fi
  as_root sysctl -q -w kernel.apparmor_restrict_unprivileged_userns=0 2>/dev/null || true
  as_root sysctl -q -w kernel.unprivileged_userns_clone=1 2>/dev/null || true
}

install_box() {
  if ! command -v bwrap >/dev/null; then
    as_root apt-get update -qq
    as_root apt-get install -y -qq --no-install-recommends bubblewrap >/dev/null
  fi
  box_works || allow_namespaces
  box_works || stop "bubblewrap 0.8 or later cannot make a box here. Run the job on ubuntu-24.04 or later, or allow user namespaces."
}

if preinstalled; then
  minion=$(command -v minion)
else
  install_minion
fi
[ "${SANDBOX:-auto}" = unsafe ] || install_box
echo "minion=$minion" >>"$GITHUB_OUTPUT"
