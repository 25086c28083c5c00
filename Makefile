# The import check refuses an import that Package.swift does not list for the target.
SWIFT_FLAGS := --explicit-target-dependency-import-check error
DEMO_PRODUCTS := generalscaler generalscaler-launch generalscaler-plugin-prometheus \
	generalscaler-plugin-redis generalscaler-plugin-pubsub http-app worker event-queue
SWIFT_SOURCES := Package.swift Sources Plugins Tests Benchmarks examples
PYTHON := .build/python

.PHONY: help demo test test-cluster lint fmt bench clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Scale three real apps on Prometheus, Redis and Pub/Sub, for about 90 seconds
	@scripts/install-dependencies.sh build demo
	@for product in $(DEMO_PRODUCTS); do swift build $(SWIFT_FLAGS) --product $$product || exit 1; done
	@.build/debug/generalscaler demo

test: $(PYTHON)/.installed ## Build everything and run every test
	@scripts/install-dependencies.sh build test
	@swift build $(SWIFT_FLAGS) --build-tests
	@swift test --skip-build --disable-xctest

test-cluster: $(PYTHON)/.installed ## Run the integration tests against the cluster of GENERALSCALER_TEST_KUBECONFIG
	@test -n "$$GENERALSCALER_TEST_KUBECONFIG" || \
		{ echo "Set GENERALSCALER_TEST_KUBECONFIG to the path of a kubeconfig." >&2; exit 2; }
	@scripts/install-dependencies.sh build test
	@swift build $(SWIFT_FLAGS) --build-tests
	@swift test --skip-build --disable-xctest --filter IntegrationTests

lint: $(PYTHON)/.installed ## Check formatting, imports, files, scripts and the resource definition
	@scripts/install-dependencies.sh lint
	@swift format lint --strict --parallel --recursive $(SWIFT_SOURCES)
	@shellcheck scripts/*.sh .ci/run examples/plugins/bash/*
	@python3 scripts/check-files.py --self-test
	@python3 scripts/check-files.py
	@python3 scripts/check-imports.py --self-test
	@swift package dump-package | python3 scripts/check-imports.py
	@$(PYTHON)/bin/python scripts/check-crd.py

fmt: ## Format every Swift source in place
	@swift format --in-place --parallel --recursive $(SWIFT_SOURCES)

bench: ## Build for release and run the benchmarks
	@scripts/install-dependencies.sh build test
	@swift build $(SWIFT_FLAGS) -c release
	@.build/release/bench

clean: ## Remove everything that was built
	@rm -rf .build

$(PYTHON)/.installed: scripts/requirements.txt
	@scripts/install-dependencies.sh python
	@python3 -m venv $(PYTHON)
	@$(PYTHON)/bin/pip install --quiet --disable-pip-version-check --requirement scripts/requirements.txt
	@touch $@
