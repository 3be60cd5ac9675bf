#!/usr/bin/env bash
# Sends a server requests that its OpenAPI document permits and requests that it forbids, and holds each answer to it
# with every check of schemathesis. The seed makes a run repeatable; schemathesis.toml lists the exceptions.
set -euo pipefail
cd "$(dirname "$0")/../.."

here=$PWD/tests/schemathesis
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
server=${PLAYHEAD_SERVER_BIN:-$target/debug/playhead-server}
venv=$target/schemathesis
tests/schemathesis/install.sh

work=$(mktemp -d)
# It is read before the server may have made it.
: >"$work/out"
# Every request comes from one address and one user.
api_key=test:0123456789abcdef0123456789abcdef
PLAYHEAD_API_KEYS=$api_key PLAYHEAD_LISTEN=127.0.0.1:0 PLAYHEAD_ADMIN_LISTEN=127.0.0.1:0 PLAYHEAD_DATA_DIR=$work/data \
  PLAYHEAD_LIMIT_PER_ADDRESS=0 PLAYHEAD_LIMIT_WRITES_PER_MINUTE=1000000 PLAYHEAD_LIMIT_RESOLVES_PER_MINUTE=1000000 \
  PLAYHEAD_LIMIT_JOINS_PER_USER_AND_MINUTE=1000000 PLAYHEAD_LIMIT_COMMANDS_PER_USER_AND_SECOND=100000 \
  "$server" >"$work/out" 2>"$work/log" &
pid=$!
trap 'kill "$pid" 2>/dev/null; wait "$pid" || true; rm -rf "$work"' EXIT
for _ in {1..200}; do
  page=$(sed -n 's|^playhead: page \(.*[^/]\)/*$|\1|p' "$work/out")
  [ -z "$page" ] || break
  kill -0 "$pid" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
  sleep 0.05
done

"$server" openapi >"$work/openapi.yaml"
eval "$("$venv/bin/python" tests/schemathesis/prepare.py "$page/api/v1")"
API_KEY=$(printf %s "$api_key" | base64 -w0)
export TOKEN ROOM_ID PARTICIPANT_ID API_KEY PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1 SCHEMATHESIS_HOOKS=exceptions
cd "$work" # It keeps notes where it is started.
"$venv/bin/schemathesis" --config-file "$here/schemathesis.toml" run openapi.yaml --url "$page/api/v1" --no-color
