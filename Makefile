# Verbs of this project. `make run` needs Rust alone; `make test` installs what it needs.

CARGO_TARGET_DIR ?= target
export CARGO_TARGET_DIR
export CARGO_TERM_COLOR ?= auto

.PHONY: run test check update bench bench-fanout bench-healed bench-idle bench-list bench-page bench-refused bench-start bench-sync prove prove-sync web install

# Builds the server and serves on http://127.0.0.1:8080/ with everything embedded.
run:
	@echo "building; the first time takes some minutes"
	@cargo run --release -p server

# Everything: installs what the tests need, builds, lints, tests; prints seconds per stage.
test:
	@./tests/run.sh

# What is quick: formatting, lints and the tests of the pure crates.
check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo test -q -p engine -p contracts
	cargo test -q -p tests --test contract

# Rewrites generated files: openapi.yaml, the SDK's types, the page.
update:
	UPDATE=1 cargo test -q -p tests --test contract
	cd sdk && npm ci --no-audit --no-fund && npm run generate
	$(MAKE) web

# The page, as it is embedded.
web:
	cd sdk && npm ci --no-audit --no-fund
	cd web && npm ci --no-audit --no-fund && npm run build

# Packages of Debian that the tests use.
install:
	./tests/install.sh

# Load, memory, start, refused commands, faults of Redis, the public list and the page, against the release build;
# tables here, JSON in target/bench. The page is compared with an nginx beside the server.
bench: bench-fanout bench-idle bench-start bench-refused bench-healed bench-list bench-page

bench-page: install
bench-fanout bench-healed bench-idle bench-list bench-refused bench-start bench-page:
	cargo build --release -q -p server -p harness
	$(CARGO_TARGET_DIR)/release/playhead-harness $@

# How exactly real browsers stay together, and what happens when the host acts; half an hour. QUICK=1
# makes one short run, ONLY=far,lan some of them (their results go to files of their own). As root, in network namespaces behind emulated lines
# and before other programs; where that is refused (77), over loopback, and no gate is held.
LINKS = nice -n -10 $(CARGO_TARGET_DIR)/release/playhead-harness lines --clients 5 --
bench-sync: export PLAYHEAD_SERVER_BIN ?= $(abspath $(CARGO_TARGET_DIR))/release/playhead-server
bench-sync: install
	cargo build --release -q -p server -p harness
	[ -d sdk/node_modules ] || (cd sdk && npm ci --no-audit --no-fund)
	[ -d tests/browser/node_modules ] || (cd tests/browser && npm ci --no-audit --no-fund)
	@$(LINKS) node tests/browser/bench/sync.mjs; status=$$?; \
	[ $$status -ne 77 ] || exec nice -n -10 node tests/browser/bench/sync.mjs --loopback; \
	exit $$status

# Kills and empties real processes under load, so often; target/prove adds up over runs.
ROUNDS ?= 100
prove:
	cargo build --release -q -p server -p harness
	$(CARGO_TARGET_DIR)/release/playhead-harness prove --rounds $(ROUNDS)
	$(MAKE) prove-sync

# An hour of four browsers on clocks that differ by 200 ppm; SOAK_MINUTES=10 for less.
prove-sync:
	ONLY=soak $(MAKE) bench-sync
