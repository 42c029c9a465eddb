# One line each over limbeck's own commands, and the developer's checks. `make help` lists them.

CARGO   ?= cargo
LIMBECK ?= $(CARGO) run --quiet --

.DEFAULT_GOAL := help
.PHONY: help run dbstart dbstop dbstatus upgrade downgrade setup test fuzz fuzz-schema check fmt lint doc deny lean bench pictures test-matrix test-ends torture guarantees compare-faults

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: ## open the interface on a database of the project's own
	@sh scripts/setup.sh server
	@$(LIMBECK)

dbstart: ## start the database (limbeck db start)
	@$(LIMBECK) db start

dbstop: ## stop the database (limbeck db stop)
	@$(LIMBECK) db stop

dbstatus: ## is it running? (limbeck db status)
	@$(LIMBECK) db status

upgrade: ## run everything that is pending (limbeck upgrade head)
	@$(LIMBECK) upgrade head

downgrade: ## undo the last revision (limbeck downgrade -1)
	@$(LIMBECK) downgrade -1

setup: ## install what building and testing need, where that may be done
	@sh scripts/setup.sh

test: setup ## all tests, against real PostgreSQL servers that they start themselves
	@sh scripts/test.sh

fuzz-schema: setup ## random changes to known schemas, there and back (COUNT=200 SEED=1)
	@LIMBECK_FUZZ=$(or $(COUNT),200) LIMBECK_FUZZ_SEED=$(or $(SEED),1) \
		$(CARGO) test --quiet --test corpus random_changes

fuzz: ## fuzz one property without end (TARGET=split, revision, spec or display; needs cargo-fuzz and a nightly)
	@$(CARGO) +nightly fuzz run $(or $(TARGET),split)

test-matrix: setup ## the suites on every PostgreSQL supported, also on those in LIMBECK_TEST_PG_BINS=dir:dir
	@LIMBECK_TEST_PG_BINS="$$(sh scripts/servers.sh 13 14 16 17 18):$${LIMBECK_TEST_PG_BINS:-}" sh scripts/test-matrix.sh

test-ends: setup ## the suites on the oldest and the newest PostgreSQL supported, without the pairs of schemas
	@LIMBECK_TEST_PG_BINS="$$(sh scripts/servers.sh 13 18)" LIMBECK_MATRIX=named \
		LIMBECK_MATRIX_SUITES="engine faults db pg schema around" sh scripts/test-matrix.sh

guarantees: ## write the list of promises and their tests in docs/guarantees.md anew, when the tests pass
	@$(CARGO) test --quiet --test faults row_
	@LIMBECK_WRITE_GUARANTEES=1 $(CARGO) test --quiet --test faults faults::guarantees

compare-faults: ## do the same faults to other tools that are installed; writes the table in docs/guarantees.md
	@LIMBECK_COMPARE_FAULTS=1 $(CARGO) test --quiet --test faults faults::compare -- --nocapture

torture: ## kills, crashes and cuts at random for half an hour (LIMBECK_TORTURE=SECONDS); none may end wrong
	@LIMBECK_TORTURE=$${LIMBECK_TORTURE:-1800} $(CARGO) test --quiet --test faults faults::torture -- --nocapture

check: fmt lint lean doc deny test test-ends ## everything CI looks at

fmt: ## formatting, of every file
	@rustfmt --edition 2024 --check $$(git ls-files '*.rs')

lint: ## clippy, warnings are errors
	@$(CARGO) clippy --quiet --all-targets -- -D warnings

lean: ## the engine alone builds, without the interfaces' libraries
	@$(CARGO) check --quiet --lib --no-default-features
	@! $(CARGO) tree --quiet --edges normal --no-default-features --prefix none \
		| grep -E '^(ratatui|crossterm|clap|nix|ureq) ' || { echo "the library alone must not need these"; exit 1; }

doc: ## documentation builds without warnings
	@RUSTDOCFLAGS="-D warnings" $(CARGO) doc --quiet --no-deps --document-private-items

deny: ## licences and sources of the dependencies
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny --log-level error check licenses bans sources; \
	else echo "skipped: cargo-deny is not installed (cargo install cargo-deny)"; fi

bench: ## speed, as tables (release build; takes a few minutes)
	@sh scripts/bench.sh

pictures: ## make docs/pictures and docs/recording.cast anew
	@$(CARGO) run --quiet --example pictures
