#!/usr/bin/env bash
# Runs every test, stage by stage, and prints how long each took. Stops at the first failure.
set -euo pipefail
cd "$(dirname "$0")/.."

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}
export CARGO_INCREMENTAL=${CARGO_INCREMENTAL:-1}
summary=()

stage() {
  local name=$1 began=$SECONDS
  shift
  echo
  echo "== $name"
  if "$@"; then
    summary+=("$(printf '%5d s  %s' $((SECONDS - began)) "$name")")
  else
    local status=$?
    printf '%s\n' "${summary[@]}"
    printf '%5d s  %s: FAILED\n' $((SECONDS - began)) "$name"
    exit "$status"
  fi
}

install_node_packages() {
  for folder in sdk web tests/browser; do
    (cd "$folder" && npm ci --no-audit --no-fund --loglevel=error)
  done
}

generated_files_are_current() {
  (cd sdk && npm run --silent generate) && (cd web && npm run --silent build)
  local changed
  changed=$(git status --porcelain -- sdk/src/generated web/dist)
  [ -z "$changed" ] || {
    echo "generated files are out of date; run 'make update' and commit:" >&2
    echo "$changed" >&2
    return 1
  }
}

# One Redis for all servers, each with a database of its own. Nobody restarts it, so it keeps nothing.
tests_over_redis() (
  directory=$(mktemp -d)
  port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => {
    console.log(s.address().port); s.close() })')
  redis-server --bind 127.0.0.1 --port "$port" --dir "$directory" --databases 4096 --save "" \
    --appendonly no --logfile "$directory/log" &
  redis=$!
  trap 'kill "$redis" 2>/dev/null; wait "$redis"; rm -rf "$directory"' EXIT
  for _ in {1..100}; do
    [ "$(redis-cli -p "$port" PING 2>/dev/null)" = PONG ] && break
    kill -0 "$redis" || { cat "$directory/log" >&2; return 1; }
    sleep 0.1
  done
  PLAYHEAD_TEST_REDIS_URL="redis://127.0.0.1:$port" \
    cargo test -p tests --test it --all-features -- --skip faults --skip nodes
)

sdk_tests() { (cd sdk && npm run --silent typecheck && npm test --silent && npm run --silent size); }
web_types() { (cd web && npm run --silent typecheck); }
browser_tests() { (cd tests/browser && npm test --silent); }
lints() {
  cargo fmt --all --check && cargo clippy --workspace --all-targets --all-features --quiet -- -D warnings
}

stage "packages of Debian" ./tests/install.sh
stage "packages of npm" install_node_packages
stage "generated files" generated_files_are_current
stage "build" cargo build --workspace --all-targets --all-features --quiet
stage "formatting and lints" lints
stage "tests in Rust" cargo test --workspace --all-features --no-fail-fast
stage "the same tests over Redis" tests_over_redis
stage "the SDK" sdk_tests
stage "the page's types" web_types
stage "real browsers" browser_tests

echo
echo "seconds per stage"
printf '%s\n' "${summary[@]}"
