# Every verb is one line of `make help`; what they share stands above them.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Pinned: a newer linter finds new faults, and that is a change of its own.
GOLANGCI_VERSION := v2.15.0
GOLANGCI         := bin/golangci-lint-$(GOLANGCI_VERSION)

PKGS         ?= ./...
TEST_TIMEOUT ?= 20m
RACE_TIMEOUT ?= 30m
# How many tests of one package run at once: most wait for servers, so more
# than there are CPUs, but not so many that they starve each other.
PARALLEL     ?= 4
FUZZTIME     ?= 5s
VERSION      ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# Whichever Compose is installed: the engine's plugin or the older program.
COMPOSE ?= $(shell if docker compose version >/dev/null 2>&1; then echo docker compose; else echo docker-compose; fi)

# Pinned, and outside go.mod, as the linter is.
H2SPEC_VERSION := v2.2.1+incompatible
H2SPEC         := bin/h2spec-$(H2SPEC_VERSION)

.PHONY: help deps build demo test race lint fmt bench benchhttp h2spec fuzz difftest rewrite up down image

help: ## list the verbs
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 17

deps: ## install what tests need from Debian's packages (as root; quick when all is there)
	@.ci/deps

build: ## build bin/wye
	@$(first_build)
	go build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/wye ./cmd/wye

demo: build ## run wye on a throw-away cluster; ONCE=1 runs the tour and exits, JSON=1 for machines
	@bin/wye demo $(if $(ONCE),--once) $(if $(JSON),--json)

test: deps bin/testsum ## run all tests on real clusters; PKGS=./router/... for some
	@$(first_build)
	@bin/testsum $(if $(filter ./...,$(PKGS)),-integration) -again -- -count=1 -parallel=$(PARALLEL) -timeout=$(TEST_TIMEOUT) $(PKGS)

race: deps bin/testsum ## run under the race detector what a data race can show in (internal/testsum/leftout.go)
	@bin/testsum -race -again -- -count=1 -parallel=$(PARALLEL) -timeout=$(RACE_TIMEOUT) $(PKGS)

lint: $(GOLANGCI) ## gofmt, go vet, golangci-lint, and no paths of somebody's machine
	@bad=$$(gofmt -l .); if [ -n "$$bad" ]; then echo "not formatted (make fmt):" $$bad; exit 1; fi
	go vet ./...
	$(GOLANGCI) run ./...
	@.ci/machine-paths

fmt: ## format all Go files
	gofmt -l -w .

bench: build ## wye beside PostgreSQL alone and PgBouncer, one interleaved run
	go run ./internal/bench

benchhttp: build ## wye's HTTP listener beside nginx and HAProxy: CPU per request, p99 added at half load, memory and its growth (needs wrk, nginx, haproxy)
	go run ./internal/bench/l7 bin/wye

h2spec: $(H2SPEC) ## HTTP/2 by h2spec, built into bin/ once
	WYE_H2SPEC=$(CURDIR)/$(H2SPEC) go test -count=1 -run TestH2Spec -v ./proxy/httpproxy

fuzz: ## run each fuzz target for FUZZTIME (default 5s); FUZZ=Name for one
	@.ci/fuzz $(FUZZTIME) $(FUZZ)

difftest: deps ## one PostgreSQL beside wye over shards: the whole matrix and its table; ONLY=file.sql:line for one, LAYOUT="4 shards by range" for one map
	@WYE_DIFFTEST=full WYE_DIFFTEST_ONLY=$(ONLY) WYE_DIFFTEST_LAYOUT='$(LAYOUT)' go test -count=1 -timeout 40m -run TestDifferential -v ./internal/difftest

rewrite: deps ## rewrite golden files from what the code and PostgreSQL say now; read the diff
	WYE_REWRITE=1 go test -count=1 $(PKGS)

up: ## start the docker-compose clusters and services, and wye in front of them
	$(COMPOSE) build
	$(COMPOSE) up -d

down: ## stop them and remove their data
	$(COMPOSE) down -v

image: ## build a stand-in for the postgres image from Debian's packages, where it cannot be pulled
	testdata/compose/base-image.sh

# The first build compiles PostgreSQL's grammar, 10 MB of C, and says nothing
# meanwhile. go list knows whether the result is cached.
define first_build
if [ "$$(go list -f '{{.Stale}}' github.com/pganalyze/pg_query_go/v5)" = true ]; then \
	echo "The first build compiles PostgreSQL's grammar; that takes a few minutes, once."; fi
endef

bin/testsum: $(wildcard internal/testsum/*.go)
	@go build -o $@ ./internal/testsum

$(H2SPEC):
	@GOBIN=$(CURDIR)/bin go install github.com/summerwind/h2spec/cmd/h2spec@$(H2SPEC_VERSION)
	@mv bin/h2spec $@

$(GOLANGCI):
	@echo "Building golangci-lint $(GOLANGCI_VERSION) into bin/; that takes a minute or two, once."
	@GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv bin/golangci-lint $@
