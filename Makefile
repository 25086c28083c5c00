# As the image is built.
RELEASE_FLAGS := -c release --static-swift-stdlib
# The import check refuses an import that Package.swift does not list for the target.
SWIFT_FLAGS := --explicit-target-dependency-import-check error
PLUGIN_PRODUCTS := $(patsubst Plugins/%,generalscaler-plugin-%,$(wildcard Plugins/*))
DEMO_PRODUCTS := generalscaler generalscaler-dev generalscaler-launch $(PLUGIN_PRODUCTS) http-app worker event-queue
CHART_PRODUCTS := generalscaler generalscaler-dev generalscaler-launch generalscaler-copy generalscaler-plugin-prometheus \
	plugin-check random-plugin
# What writing a plugin needs. The operator is part of it, so that the plugin can scale something.
TOOL_PRODUCTS := generalscaler generalscaler-dev generalscaler-launch plugin-check
E2E_PRODUCTS := generalscaler generalscaler-dev generalscaler-launch plugin-check random-plugin $(PLUGIN_PRODUCTS)
SWIFT_SOURCES := Package.swift Sources Plugins Tests Benchmarks examples
# What attacks the promises of docs/explanation/threat-model.md and sandbox.md.
ATTACKS := AttackTests|SandboxTests|AddressPatternTests|StatusServerTests|ConnectionGuardTests|MetricsPageTests|ClockSkewTests|OperatorAPITests|ConsoleGateTests
PYTHON := .build/python
SEEDS ?= 2000
MINUTES ?= 30
RUNS ?= 1000000

.PHONY: help demo tools release test attack test-chart test-sdks test-cluster simulate-faults fuzz formulas sanitize e2e plugin-check image-check archives archive-check jsonpath-check lint manifests fmt bench soak clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Scale three real apps on Prometheus, Redis and Pub/Sub, for about 90 seconds
	@scripts/install-dependencies.sh build demo
	@for product in $(DEMO_PRODUCTS); do swift build $(SWIFT_FLAGS) --product $$product || exit 1; done
	@.build/debug/generalscaler-dev demo

tools: ## Build the tools for plugin authors, into .build/debug
	@scripts/install-dependencies.sh build
	@for product in $(TOOL_PRODUCTS); do swift build $(SWIFT_FLAGS) --product $$product || exit 1; done

release: ## Build everything for release, into .build/release
	@scripts/install-dependencies.sh build
	@swift build $(SWIFT_FLAGS) $(RELEASE_FLAGS)

test: $(PYTHON)/.installed ## Build everything and run every test
	@scripts/install-dependencies.sh build test lint
	@swift build $(SWIFT_FLAGS) --build-tests
	@scripts/simple_e2e.sh
	@$(PYTHON)/bin/python -m unittest discover --start-directory Tests/ChartTests
	@$(PYTHON)/bin/python -m unittest discover --start-directory Tests/ConsolePageTests
	@$(PYTHON)/bin/python -m unittest discover --start-directory Tests/AssistantTests
	@$(PYTHON)/bin/python -m unittest discover --start-directory Tests/ReleaseTests
	@$(PYTHON)/bin/python scripts/check-docs.py --programs .build/debug
	@$(PYTHON)/bin/python scripts/check-schema.py .build/debug
	@scripts/test-sdks.sh .build/debug $(PYTHON)/bin/python
	@$(PYTHON)/bin/python scripts/test-new-plugins.py .build/debug
	@$(PYTHON)/bin/python scripts/test-client-libraries.py .build/debug
	@$(PYTHON)/bin/python scripts/test-tutorial.py .build/debug
	@swift test --skip-build --disable-xctest --filter FaultSimulationTests
	@swift test --skip-build --disable-xctest --filter "$(ATTACKS)"
	@swift test --skip-build --disable-xctest --filter PluginConformanceTests --skip "$(ATTACKS)"
	@swift test --skip-build --disable-xctest --filter MigrateCommandTests
	@swift test --skip-build --disable-xctest --filter CommandTests --skip "$(ATTACKS)|PluginConformanceTests|MigrateCommandTests"
	@swift test --skip-build --disable-xctest --filter IntegrationTests --skip "$(ATTACKS)"
	@swift test --skip-build --disable-xctest --skip "FaultSimulationTests|$(ATTACKS)|CommandTests|PluginConformanceTests|IntegrationTests"

attack: $(PYTHON)/.installed ## Attack the built programs with hostile plugins, servers and tenants
	@scripts/install-dependencies.sh build test
	@swift build $(SWIFT_FLAGS) --build-tests
	@$(PYTHON)/bin/python -m unittest discover --start-directory Tests/ChartTests --pattern test_status_port.py
	@swift test --skip-build --disable-xctest --filter "$(ATTACKS)"

test-chart: $(PYTHON)/.installed ## Run the chart's tests alone
	@scripts/install-dependencies.sh build test
	@for product in $(CHART_PRODUCTS); do swift build $(SWIFT_FLAGS) --product $$product || exit 1; done
	@$(PYTHON)/bin/python -m unittest discover --start-directory Tests/ChartTests

test-sdks: $(PYTHON)/.installed ## Test the SDKs and the plugins that new-plugin makes, and check that all SDKs give the same answers
	@scripts/install-dependencies.sh build test
	@for product in $(TOOL_PRODUCTS) vector-plugin; do swift build $(SWIFT_FLAGS) --product $$product || exit 1; done
	@scripts/test-sdks.sh .build/debug $(PYTHON)/bin/python
	@$(PYTHON)/bin/python scripts/test-new-plugins.py .build/debug
	@$(PYTHON)/bin/python scripts/test-client-libraries.py .build/debug

simulate-faults: ## Run the operator under fault injection with SEEDS seeds, or with one SEED
	@scripts/install-dependencies.sh build
	@swift build $(SWIFT_FLAGS) --product simulate-faults
	@.build/debug/simulate-faults $(if $(SEED),--seed $(SEED),--seeds $(SEEDS) --processes $$(nproc)) $(if $(FAULTS),--faults $(FAULTS))

fuzz: ## Fuzz every parser of external input with RUNS inputs, or only one TARGET
	@scripts/install-dependencies.sh build python
	@GENERALSCALER_FUZZ=1 swift build $(SWIFT_FLAGS) -c release --scratch-path .build/fuzz --product fuzz-parsers
	@python3 scripts/fuzz.py --runs $(RUNS) $(TARGET)

formulas: ## Compare RUNS random formulas with an independent evaluator
	@scripts/install-dependencies.sh build test
	@swift build $(SWIFT_FLAGS) --build-tests
	@GENERALSCALER_FORMULAS=$(RUNS) swift test --skip-build --disable-xctest --filter FormulaOracleTests

sanitize: $(PYTHON)/.installed ## Run the tests with the thread sanitizer, then with the address sanitizer
	@scripts/install-dependencies.sh build test
	@swift build $(SWIFT_FLAGS) --build-tests
	@scripts/sanitize.sh thread
	@scripts/sanitize.sh address

e2e: $(PYTHON)/.installed ## Check every manifest, load every plugin and policy, run the operator on a simulated cluster
	@scripts/install-dependencies.sh build
	@for product in $(E2E_PRODUCTS); do swift build $(SWIFT_FLAGS) --product $$product || exit 1; done
	@scripts/simple_e2e.sh

plugin-check: ## Check every plugin of the project for conformance to the protocol
	@scripts/install-dependencies.sh build test
	@swift build $(SWIFT_FLAGS) --build-tests
	@swift test --skip-build --disable-xctest --filter PluginConformanceTests

image-check: $(PYTHON)/.installed ## Check that the image's packages suffice, in a minimal Debian (root, debootstrap)
	@scripts/install-dependencies.sh build test image
	@scripts/build-image-files.sh .build/image
	@swift build $(SWIFT_FLAGS) $(RELEASE_FLAGS) --product random-plugin
	@rm -rf .build/example-images
	@$(PYTHON)/bin/python scripts/example_images.py .build/release .build/example-images
	@swift build $(SWIFT_FLAGS) --product generalscaler-dev
	@scripts/check-image.sh .build/image .build/debug/generalscaler-dev .build/example-images

archives: $(PYTHON)/.installed ## Build the archive of a release and its SBOM, for this machine's architecture, into .build/archives
	@scripts/install-dependencies.sh build runtime
	@scripts/build-image-files.sh .build/programs generalscaler-dev plugin-check
	@rm -rf .build/archives
	@$(PYTHON)/bin/python scripts/archives.py .build/programs .build/archives

archive-check: ## Check that the archive works in a minimal Debian with the packages that it names (root, debootstrap)
	@scripts/install-dependencies.sh image
	@scripts/check-archive.sh .build/archives/*.tar.gz

test-cluster: $(PYTHON)/.installed ## Run the integration tests against the cluster of GENERALSCALER_TEST_KUBECONFIG
	@test -n "$$GENERALSCALER_TEST_KUBECONFIG" || \
		{ echo "Set GENERALSCALER_TEST_KUBECONFIG to the path of a kubeconfig." >&2; exit 2; }
	@scripts/install-dependencies.sh build test
	@swift build $(SWIFT_FLAGS) --build-tests
	@swift test --skip-build --disable-xctest --filter IntegrationTests

jsonpath-check: ## Run the JSONPath compliance suite whose cts.json is SUITE
	@test -n "$(SUITE)" || { echo "Set SUITE to the path of the suite's cts.json." >&2; exit 2; }
	@scripts/install-dependencies.sh build
	@swift build $(SWIFT_FLAGS) --product jsonpath-check
	@.build/debug/jsonpath-check "$(SUITE)"

lint: $(PYTHON)/.installed ## Check formatting, wording, spelling, imports, files, scripts, the CustomResourceDefinition, the chart and the workflows
	@scripts/install-dependencies.sh lint
	@swift format lint --strict --parallel --recursive $(SWIFT_SOURCES)
	@shellcheck scripts/*.sh .ci/run .github/actions/*/*.sh examples/plugins/bash/generalscaler-plugin-*
	@python3 scripts/check-files.py --self-test
	@python3 scripts/check-files.py
	@python3 scripts/check-prose.py --self-test
	@python3 scripts/check-prose.py
	@$(PYTHON)/bin/codespell
	@python3 scripts/check-imports.py --self-test
	@swift package dump-package | python3 scripts/check-imports.py
	@$(PYTHON)/bin/python scripts/check-crd.py
	@$(PYTHON)/bin/python scripts/project.py --check
	@$(PYTHON)/bin/python scripts/make-manifests.py --check
	@$(PYTHON)/bin/python scripts/check-chart.py
	@$(PYTHON)/bin/python scripts/check-docs.py
	@$(PYTHON)/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml examples/plugins/.github/workflows/*.yml
	@$(PYTHON)/bin/check-jsonschema --builtin-schema vendor.github-actions .github/actions/*/action.yml
	@$(PYTHON)/bin/python scripts/check-workflows.py

manifests: $(PYTHON)/.installed ## Write the names of scripts/project.env, and generate deploy/, the page of the chart's values and that of the plugins
	@$(PYTHON)/bin/python scripts/project.py
	@$(PYTHON)/bin/python scripts/make-manifests.py
	@$(PYTHON)/bin/python scripts/plugin_index.py

fmt: ## Format every Swift source in place
	@swift format --in-place --parallel --recursive $(SWIFT_SOURCES)

bench: $(PYTHON)/.installed ## Build for release and run the benchmarks
	@scripts/install-dependencies.sh build test
	@swift build $(SWIFT_FLAGS) $(RELEASE_FLAGS)
	@.build/release/bench

soak: ## Run the operator for MINUTES under fault injection with 1,000 scalers, and check its memory and descriptors
	@scripts/install-dependencies.sh build
	@swift build $(SWIFT_FLAGS) $(RELEASE_FLAGS)
	@.build/release/bench --soak $(MINUTES) $(SEED); status=$$?; \
		python3 scripts/plot-soak.py .build/soak.jsonl > .build/soak.svg && echo "plotted in .build/soak.svg"; \
		exit $$status

clean: ## Remove everything that was built
	@rm -rf .build

$(PYTHON)/.installed: scripts/requirements.txt
	@scripts/install-dependencies.sh python
	@python3 -m venv $(PYTHON)
	@$(PYTHON)/bin/pip install --quiet --disable-pip-version-check --requirement scripts/requirements.txt
	@touch $@
