#!/usr/bin/env bash
# Runs every test, some beside others as docs/tests.md lays them out, and prints how long each stage took. The first
# stage that fails ends the run.
set -euo pipefail
cd "$(dirname "$0")/.."
# Temporary files are kept in memory where 4 GiB are free: they survive the end of a process there too, and no test
# waits for what other programs write to the disk.
memory_free=$(df --output=avail /dev/shm 2>/dev/null | tail -n 1) || memory_free=0
if [ "$memory_free" -gt 4194304 ]; then
  export TMPDIR=/dev/shm
fi
source tests/lanes.sh
trap end_run EXIT
trap 'exit 130' INT TERM HUP

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR=$target CARGO_INCREMENTAL=${CARGO_INCREMENTAL:-1}
export PLAYHEAD_SERVER_BIN=$target/debug/playhead-server
programs=$target/test-programs
mkdir -p "$target"

# Test programs that mostly wait for servers, leases and deadlines: so many of their tests at once.
waiting=(tests/it tests/store harness/{fake_redis,fault_proxy,redis_server,ws_client})
waiting_threads=6
# The modules of these programs that measure time run alone, one test after the other.
measuring=(clock:: nodes::start:: faults::emptied::f3_all_rooms crowd::two_hundred)
# These bring a Redis of their own, so they aren't repeated over another one.
own_redis=(faults:: nodes::)

main() {
  stage "packages of Debian" ./tests/install.sh
  start_lane pages pages_lane
  stage "build" build
  start_lane rust rust_lane
  start_lane checks checks_lane
  await_lanes pages rust
  stage "real browsers, two files at a time" browser_tests together
  await_lanes checks
  stage "tests of the SDK that wait" npm test --silent --prefix sdk -- --project waiting --maxWorkers 4
  stage "Rust tests that measure time" measuring_tests
  stage "the same tests over Redis" with_redis it_over_redis --test-threads 1 "${measuring[@]}"
  stage "real browsers that measure time" browser_tests alone
}

# ---- lanes

# What needs no Rust fills what the build leaves of the processors.
pages_lane() {
  renice -n 10 "$BASHPID" >/dev/null
  stage "packages of npm" install_node_packages
  stage "packages of PyPI" tests/schemathesis/install.sh
  stage "generated files" generated_files_are_current
  stage "the page's types" npm run --silent --prefix web typecheck
  stage "media for the tests" tests/media/make.sh "$target/test-media"
}

rust_lane() {
  stage "Rust tests that compute" computing_tests
  stage "Rust tests that wait" waiting_tests
  stage "the same tests over Redis" with_redis it_over_redis --test-threads "$waiting_threads" "${measuring[@]/#/--skip=}"
  stage "what the OpenAPI document says" tests/schemathesis/run.sh
}

# Gives way to the tests in Rust and then to the browsers, which depend on being served in time.
checks_lane() {
  renice -n 19 "$BASHPID" >/dev/null
  stage "formatting and lints" lints
  stage "examples in Rust's documentation" cargo test --workspace --all-features --doc --quiet
  stage "the SDK" sdk_tests
}

# ---- stages

# Installs the packages of a folder unless those of its lock file are there.
install_node_packages() {
  local folder stamp
  for folder in sdk web tests/browser; do
    stamp=$(sha256sum "$folder/package-lock.json")
    [ "$stamp" != "$(cat "$folder/node_modules/.stamp" 2>/dev/null)" ] || continue
    npm ci --prefix "$folder" --no-audit --no-fund --loglevel=error
    printf '%s\n' "$stamp" >"$folder/node_modules/.stamp"
  done
}

# Changes nothing: the build beside this one embeds the page.
generated_files_are_current() {
  npm run --silent --prefix sdk generate:check
  npm run --silent --prefix web build -- --outDir "$target/page" --emptyOutDir
  diff -rq web/dist "$target/page" >&2 || {
    echo "web/dist is out of date; run 'make update' and commit" >&2
    return 1
  }
}

build() {
  cargo build --workspace --all-targets --all-features --quiet
  cargo test --workspace --all-features --no-run --quiet --message-format=json | node tests/test-binaries.mjs >"$programs"
}

lints() {
  cargo fmt --all --check
  cargo clippy --workspace --all-targets --all-features --quiet -- -D warnings
}

sdk_tests() {
  npm run --silent --prefix sdk typecheck
  npm test --silent --prefix sdk -- --project computing --maxWorkers 2
  npm run --silent --prefix sdk size
}

browser_tests() { npm test --silent --prefix tests/browser -- "$1"; }

computing_tests() {
  local name
  for name in $(cut -f1 "$programs"); do
    [[ " ${waiting[*]} " == *" $name "* ]] || run_program "$name"
  done
}

waiting_tests() {
  local name
  for name in "${waiting[@]}"; do
    run_program "$name" --test-threads "$waiting_threads" "${measuring[@]/#/--skip=}"
  done
}

measuring_tests() {
  local name module listed
  listed=$(for name in "${waiting[@]}"; do run_program "$name" --list; done)
  for module in "${measuring[@]}"; do
    grep -q "^$module" <<<"$listed" || { echo "no test lies in $module" >&2; return 1; }
  done
  for name in "${waiting[@]}"; do
    run_program "$name" --test-threads 1 "${measuring[@]}"
  done
}

it_over_redis() { run_program tests/it "${own_redis[@]/#/--skip=}" "$@"; }

# Runs a test program of the build where cargo would run it.
run_program() {
  local name=$1 found folder program
  shift
  found=$(grep -P "^\Q$name\E\t" "$programs") || { echo "no test program is called $name" >&2; return 1; }
  IFS=$'\t' read -r name folder program <<<"$found"
  printf '\n     Running %s\n' "$name"
  (cd "$folder" && CARGO_MANIFEST_DIR=$folder "$program" "$@" </dev/null)
}

# Runs a command while a Redis is there for all servers, each with a database of its own. Nobody restarts it, so it
# keeps nothing.
with_redis() (
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
  export PLAYHEAD_TEST_REDIS_URL=redis://127.0.0.1:$port
  "$@"
)

end_run() {
  local status=$?
  note_failed_stage
  end_lanes
  print_times >"$target/test-times.txt"
  cat "$target/test-times.txt"
  rm -r "$lanes_directory"
  exit "$status"
}

main
