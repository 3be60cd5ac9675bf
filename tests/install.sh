#!/usr/bin/env bash
# Installs the Debian packages that the tests use, if they are missing.
set -euo pipefail

declare -A packages=(
  [chromium]=chromium [ffmpeg]=ffmpeg [nginx]=nginx [caddy]=caddy [gcc]=gcc [python3]=python3
  [redis-server]=redis-server [openssl]=openssl [initdb]=postgresql [pgbouncer]=pgbouncer
  [ip]=iproute2 [chromium-headless-shell]=chromium-headless-shell [faketime]=faketime
)
# Where Debian keeps programs that aren't on everybody's path. The tests start servers of their own
# and never use those that the packages may start.
debian_path=$PATH:/usr/sbin
for directory in /usr/lib/postgresql/*/bin; do
  debian_path+=:$directory
done
for program in cargo node npm; do
  command -v "$program" >/dev/null || {
    echo "the tests need $program (Rust as in rust-toolchain.toml, Node 20.19 or newer)" >&2
    exit 1
  }
done
missing=()
for program in "${!packages[@]}"; do
  PATH="$debian_path" command -v "$program" >/dev/null || missing+=("${packages[$program]}")
done
python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
[ -f /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || missing+=(fonts-dejavu-core)
[ ${#missing[@]} -gt 0 ] || exit 0

command="apt-get install -y --no-install-recommends ${missing[*]}"
if [ "$(id -u)" -eq 0 ]; then
  as_root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  as_root=(sudo)
else
  echo "the tests need packages that are missing; install them with:" >&2
  echo "  sudo apt-get update && sudo $command" >&2
  exit 1
fi
"${as_root[@]}" apt-get update -q
# shellcheck disable=SC2086
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive $command
