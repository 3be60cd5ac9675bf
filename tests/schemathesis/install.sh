#!/usr/bin/env bash
# Makes a virtual environment of Python with schemathesis in the target directory, unless it is there.
set -euo pipefail
cd "$(dirname "$0")/../.."

venv=$(realpath -m "${CARGO_TARGET_DIR:-target}")/schemathesis
requirements=tests/schemathesis/requirements.txt
stamp=$(sha256sum "$requirements")
[ "$stamp" != "$(cat "$venv/.stamp" 2>/dev/null)" ] || exit 0
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
printf '%s\n' "$stamp" >"$venv/.stamp"
