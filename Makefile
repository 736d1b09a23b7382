# pgtoken: run `make help` for what there is. PG_CONFIG= names the PostgreSQL to build for.
LIBRARY := $(or $(CARGO_TARGET_DIR),target)/release/libpgtoken.so
SOURCES := $(shell find extension -name '*.rs' -o -name '*.toml')
.PHONY: help up down test screenshots lint bench prove mutants packages build install installcheck package clean clean-data test-packages
.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

up: packages build ## start a private cluster with demo data, and the facade
	@scripts/up.sh

down: ## stop what `make up` started; the data stays
	@scripts/down.sh

clean-data: down ## delete the private cluster
	@scripts/clean-data.sh

test: test-packages build ## run every test
	@scripts/test.sh

screenshots: test-packages build ## take pictures of the admin page, to target/screenshots
	@scripts/screenshots.sh

bench: test-packages build ## measure; BENCH='http --turns 3' or BENCH='verify --tokens 10000000'
	@scripts/bench.sh $(BENCH)

prove: test-packages build ## try to break every promise, for minutes; PROVE='crash history' chooses parts
	@scripts/prove.sh $(PROVE)

mutants: test-packages ## remove one guard at a time, and see the experiments go red
	@scripts/mutants.sh $(MUTANTS)

lint: packages ## check format, lints, documentation, dependencies and scripts
	@scripts/lint.sh

packages: ## install missing system packages
	@scripts/packages.sh

test-packages:
	@scripts/packages.sh test

build: ## build the extension and the facade
	@scripts/build.sh

# Not `install: build`, so that `make build && sudo make install` needs no Rust for root.
$(LIBRARY): $(SOURCES)
	@scripts/build.sh

install: $(LIBRARY) ## install the extension (DESTDIR= is honoured)
	@scripts/install.sh

installcheck: ## run the regression tests against the server of the PG* environment
	@scripts/installcheck.sh

package: packages build ## make a tarball under target/package
	@scripts/package.sh

clean: ## delete what was built
	@rm -rf "$(or $(CARGO_TARGET_DIR),target)"
