# Acuse: the commands people type. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/acuse
TOOLS := $(CACHE)/bin
DATA  ?= ../shared/data/dev
SECONDS_PER_TARGET := $(or $(SECONDS),60)
export PATH := $(TOOLS):$(PATH)
# What a disk takes for each commit is most of what many tests wait for, and none of them measures it.
TEST_TMP := $(shell [ -w /dev/shm ] && [ "$$(df -Pk /dev/shm | awk 'NR == 2 { print $$4 }')" -ge 8388608 ] && echo /dev/shm || echo "$${TMPDIR:-/tmp}")
# CI builds once and looks at nothing with a debugger: what serves the next build is left out.
ifeq ($(CI),true)
export CARGO_INCREMENTAL := 0
export CARGO_PROFILE_DEV_DEBUG := 0
endif

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: models
models: ## Bring the OCR models, pinned by hash, into the user's data folder
	@scripts/models.sh

.PHONY: build
build: ## Build the acuse binary
	cargo build --locked -p acuse-server

.PHONY: demo
demo: models build ## Send sample documents down the whole road; print each one's fate and the ledger
	cargo run --locked -q -p acuse-server -- demo

.PHONY: serve
serve: models build ## The same, left running with the review desk to look around
	cargo run --locked -q -p acuse-server -- demo --keep

TESTED := --lib --bins --tests

.PHONY: test
test: models ## Install or start what the tests need, then run them all
	scripts/tools.sh test
	@# Together with the tests: by themselves the programs are built with fewer features of what both stand on. That the
	@# examples compile is known from `make check`.
	cargo build --locked --workspace $(TESTED)
	@# What a test that is killed leaves there goes with the folder.
	export TMPDIR=$$(mktemp -d "$(TEST_TMP)/acuse-tests-XXXXXX"); trap 'rm -rf "$$TMPDIR"' EXIT; \
		cargo test --locked --workspace $(TESTED); \
		scripts/with-postgres.sh cargo test --locked --workspace --test way_back

.PHONY: check
check: ## Formatting, lints, docs, licences, unused dependencies
	scripts/tools.sh check
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --quiet
	cargo fetch --locked --quiet
	cargo deny --offline --log-level error check licenses bans sources
	cargo machete

.PHONY: fmt
fmt: ## Format everything
	cargo fmt --all

# Read once and kept: remove it after a change of intake or text.
EVIDENCE ?= $(CACHE)/evidence
DRAWN    ?= $(CACHE)/drawn

.PHONY: clients
clients: ## Write the clients for TypeScript and Python anew from the description of the API
	ACUSE_WRITE_CLIENTS=1 cargo test --locked -q -p acuse-server --lib the_clients_are_what

.PHONY: eval
eval: models ## Score the whole reader on DATA: fields, kinds, error among filed; COPIES=1 also recompressed and turned
	cargo run --locked --release -q -p acuse-pipeline --example eval -- $(DATA) $(if $(COPIES),--copies) $(EVAL_ARGS)

.PHONY: evidence
evidence: models ## Read DATA as far as text, once, for `make train` and `make score`
	cargo run --locked --release -q -p acuse-pipeline --example evidence -- $${ACUSE_MODELS_DIR:-$${XDG_DATA_HOME:-$$HOME/.local/share}/acuse/models} $(EVIDENCE) $(DATA)

.PHONY: score
score: evidence ## Score understanding alone on the evidence of DATA, each source by scorers that saw none of it, then plainly
	cargo run --locked --release -q -p acuse-pipeline --example score -- $(DATA) $(EVIDENCE)/$(notdir $(DATA)) --leave-out $(if $(wildcard $(CACHE)/kinds),--kinds $(CACHE)/kinds) --plot $(CACHE)/risk.html
	cargo run --locked --release -q -p acuse-pipeline --example score -- $(DATA) $(EVIDENCE)/$(notdir $(DATA)) --misses

.PHONY: memory
memory: evidence ## Teach two papers of each vendor of DATA, and read the others without and with memory
	cargo run --locked --release -q -p acuse-pipeline --example memory -- $(DATA) $(EVIDENCE)/$(notdir $(DATA)) --leave-out $(if $(wildcard $(CACHE)/kinds),--kinds $(CACHE)/kinds)

.PHONY: train
train: evidence ## Train the classifier and the scorers of fields and of whole bills from DATA, drawn and invented papers; print cross-validated figures; write its weights
	cargo run --locked -q -p acuse-pipeline --example drawn -- $(DRAWN)
	cargo run --locked -q -p acuse-pipeline --example train -- $(DATA) $(EVIDENCE)/$(notdir $(DATA)) $(DRAWN) --write pipeline/src/understand/kinds.tsv --folds $(CACHE)/kinds
	cargo run --locked --release -q -p acuse-pipeline --example fields -- $(DATA) $(EVIDENCE)/$(notdir $(DATA)) --kinds $(CACHE)/kinds --write pipeline/src/understand/data/weights

.PHONY: bench-read
bench-read: models ## The same files read by tesseract, OCRmyPDF, RapidOCR, kreuzberg and us: pages a second, true totals and dates
	scripts/bench-read.sh $(DATA) $(or $(COUNT),40)

# Every bench is one build: named one by one, each takes other features and builds most of the tree anew.
ONE_BUILD := cargo build --locked -p acuse-server -p acuse-workers -p acuse-tests --bins --example
BUILT     := $(or $(CARGO_TARGET_DIR),target)

.PHONY: bench-intake
bench-intake: ## Acknowledged webhooks a second against the disk's own fdatasync rate
	$(ONE_BUILD) bench_intake --release
	$(BUILT)/release/examples/bench_intake

.PHONY: bench-api
bench-api: ## p50 and p99 of what the API asks the catalog, at 10,000 and at COUNT (1000000) documents, on both databases
	$(ONE_BUILD) bench_api --release
	COUNT=$(or $(COUNT),1000000) $(BUILT)/release/examples/bench_api

.PHONY: bench-export
bench-export: ## An export of COUNT (1400000) documents as csv and jsonl, on both databases: rows a second, first row, peak memory
	$(ONE_BUILD) bench_export --release
	COUNT=$(or $(COUNT),1400000) $(BUILT)/release/examples/bench_export

.PHONY: bench-front
bench-front: ## Webhooks' times and the memory while 5,000 connections dawdle, 150 files come, 100,000 keys are tried, ten clients search
	$(ONE_BUILD) bench_front --release
	$(BUILT)/release/examples/bench_front

.PHONY: bench-hostile
bench-hostile: models ## Verdicts, time and memory of `acuse read` over a folder of hostile files (DATA=…)
	$(ONE_BUILD) bench_hostile
	$(BUILT)/debug/examples/bench_hostile $(DATA)

.PHONY: bench-desk
bench-desk: models ## A scripted reviewer clears COUNT (200) mixed exceptions in Chromium: keys and machine time of each kind, and time to the next document painted; fails past its bounds
	$(ONE_BUILD) bench_desk --release
	COUNT=$(or $(COUNT),200) $(BUILT)/release/examples/bench_desk

.PHONY: bench-pages
bench-pages: ## p50 and p95 of the desk's pages and of *fetch next*, at 10,000 and at COUNT (1000000) documents, on both databases
	$(ONE_BUILD) bench_pages --release
	COUNT=$(or $(COUNT),1000000) $(BUILT)/release/examples/bench_pages

.PHONY: pictures
pictures: models ## Take the pictures of the desk in docs/ anew, of the demo, in Chromium
	$(ONE_BUILD) pictures --release
	$(BUILT)/release/examples/pictures docs

.PHONY: bench-bombs
bench-bombs: models ## Webhook and API times with and without 100 bombs among 1,000 good documents (GOOD=, BOMBS=, RATE=)
	$(ONE_BUILD) bench_bombs
	$(BUILT)/debug/examples/bench_bombs

.PHONY: bench-cases
bench-cases: ## How late steps of cases are that are due, with OPEN (10000) open cases and RATE (100) webhooks a second, for SECONDS (60)
	$(ONE_BUILD) bench_cases --release
	OPEN=$(or $(OPEN),10000) RATE=$(or $(RATE),100) SECONDS_LONG=$(or $(SECONDS),60) \
		$(BUILT)/release/examples/bench_cases

.PHONY: bench-peak
bench-peak: ## An hour of peak by its own clock: 1,000 contacts, 2 numbers, 3 workers, one who floods; waits, and Meta's limits kept (PART=burst: the last minute alone)
	$(ONE_BUILD) bench_peak --release
	@# Its clock is its own: what a disk takes for each of its commits is waited for and measures nothing.
	TMPDIR=$$([ -w /dev/shm ] && echo /dev/shm || echo "$${TMPDIR:-/tmp}") \
		$(BUILT)/release/examples/bench_peak

.PHONY: fuzz
fuzz: ## Every entry that takes outside bytes, SECONDS each (60): libFuzzer where nightly and cargo-fuzz are here
	@scripts/fuzz.sh $(SECONDS_PER_TARGET)
