# Everything is a target here. `make run` and `make build` need Go, make and git; `make test` gets itself what else it needs.
SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO        ?= go
COLLECTOR := build/otelcol-holter
COMPANION := build/holter
TOOLS     := build/tools

GOLANGCI_VERSION := v2.15.0
FUZZTIME         ?= 30s
SEED             ?= 1

# What goes into the binaries: all of these folders but tests and documents, and the data that is embedded.
SOURCES := go.mod go.sum $(shell find cmd configs connector exporter extension internal processor receiver -type f \
	-not -name '*_test.go' -not -name '*.md' -not -path '*/testdata/*' 2>/dev/null)
COMPONENT_DIRS := $(wildcard receiver processor connector exporter extension)

##@ Use

.PHONY: run
run: $(COLLECTOR) ## Run Holter with its built-in configuration; ARGS="…" are handed on.
	@exec $(COLLECTOR) $(ARGS)

.PHONY: demo
demo: build ## Replay 30 days of a fleet into Holter, steal one key, and see it caught. SEED=n draws another fleet.
	@$(COMPANION) demo --collector $(COLLECTOR) --seed $(SEED) $(ARGS)

.PHONY: evaluate
evaluate: $(COMPANION) ## Score detection on a fleet of the simulator: false alerts, thefts found, time to detect. ARGS="--csv FILE --labels FILE" scores yours.
	@$(COMPANION) evaluate --seed $(SEED) $(ARGS)

.PHONY: build
build: $(COLLECTOR) $(COMPANION) ## Build build/otelcol-holter and build/holter.

$(COLLECTOR): $(SOURCES)
	$(GO) build -o $@ ./cmd/otelcol-holter

$(COMPANION): $(SOURCES)
	$(GO) build -o $@ ./cmd/holter

##@ Check

.PHONY: test
test: build ## Run all tests; those under integration/ start the built binary.
	integration/setup.sh
	$(GO) test -timeout 20m $$($(GO) list ./... | grep -v '/integration$$')
	$(MAKE) --no-print-directory race
	$(GO) test -timeout 20m ./integration

# The packages that know nothing of the Collector are raced here; the others by `make prove`: compiling all that they lean
# on once more takes minutes.
.PHONY: race
race:
	@packages=$$($(GO) list -f '{{.ImportPath}} {{join .Deps " "}}' ./internal/... | grep -v ' go\.opentelemetry\.io/' | cut -d ' ' -f 1 || true); \
	if ! command -v $$($(GO) env CC) >/dev/null; then echo 'SKIPPED: the race detector needs a C compiler' >&2; \
	elif [ -n "$$packages" ]; then echo '$(GO) test -race …'; $(GO) test -race -timeout 20m $$packages; fi

.PHONY: prove
prove: build ## Run whole what `make test` runs at a twentieth of the scale, the race detector on the components, and ten demos. Takes half an hour.
	integration/setup.sh
	HOLTER_PROVE=1 $(GO) test -count=1 -timeout 6h ./...
	$(GO) test -race -timeout 60m $(COMPONENT_DIRS:%=./%/...)

.PHONY: bench
bench: ## Measure: ns and allocations per span of the chain, beside what the stock Collector does.
	@packages=$$({ grep -rl --include='*_test.go' --exclude-dir=node_modules --exclude-dir=build '^func Benchmark' . || true; } | xargs -r -n 1 dirname | sort -u); \
	[ -z "$$packages" ] || $(GO) test -run '^$$' -bench . -benchmem $$packages

# Every input that reaches new code is made smaller first, for up to a minute: what depends on hash seeds would do nothing else.
.PHONY: fuzz
fuzz: ## Fuzz every target for FUZZTIME each, up to the first that fails.
	@{ grep -rl --include='*_test.go' --exclude-dir=node_modules --exclude-dir=build '^func Fuzz' . || true; } | while read -r file; do \
		for name in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' "$$file"); do \
			echo "$$name in $$(dirname "$$file")"; \
			$(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x "$$(dirname "$$file")" || exit 1; \
		done; \
	done

.PHONY: lint
lint: $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION) ## Vet, lint and check formatting and the direction of dependencies.
	$< run ./...

.PHONY: fmt
fmt: $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION) ## Format all Go code the way that lint wants it.
	$< fmt

$(TOOLS)/golangci-lint-$(GOLANGCI_VERSION):
	GOBIN=$(CURDIR)/$(TOOLS) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv $(TOOLS)/golangci-lint $@

##@ Generate

.PHONY: generate
generate: $(TOOLS)/ocb ## Write components.go from builder-config.yaml, and what mdatagen makes of every metadata.yaml.
	@out=$$(mktemp -d); trap 'rm -rf "$$out"' EXIT; \
	$(TOOLS)/ocb --config builder-config.yaml --skip-get-modules --skip-compilation --output-path "$$out" 2>"$$out/log" || { cat "$$out/log" >&2; exit 1; }; \
	cp "$$out/components.go" cmd/otelcol-holter/components.go
	$(GO) generate $(COMPONENT_DIRS:%=./%/...) ./internal/tokenregistry

GENERATED = find cmd/otelcol-holter/components.go $(COMPONENT_DIRS) internal/tokenregistry -type f \( -name components.go -o -name 'generated_*' \
	-o -name documentation.md -o -name README.md \) -print0 | sort -z | xargs -0 sha256sum

.PHONY: check-generated
check-generated: ## Fail if what is there is not what the generators make.
	@before=$$($(GENERATED)); $(MAKE) --no-print-directory generate; \
	diff <(echo "$$before") <($(GENERATED)) || { git --no-pager diff -- cmd $(COMPONENT_DIRS); echo 'generated files differ: run make generate and commit' >&2; exit 1; }

.PHONY: ocb
ocb: $(TOOLS)/ocb ## Build the distribution with plain ocb into build/ocb, as anybody can outside this repository.
	$(TOOLS)/ocb --config builder-config.yaml

.PHONY: bump
bump: ## Move to another base: make bump VERSION=0.159.0
	@internal/tools/bump.sh "$(VERSION)"
	$(MAKE) --no-print-directory generate

$(TOOLS)/ocb: internal/tools/go.mod internal/tools/go.sum
	cd internal/tools && $(GO) build -o ../../$@ go.opentelemetry.io/collector/cmd/builder

##@ Other

.PHONY: clean
clean: ## Remove what was built.
	rm -rf build

.PHONY: help
help: ## List the targets.
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
