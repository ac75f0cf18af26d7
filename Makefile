# The words of a day's work; CI uses the same. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
DURATION ?= 60
FILTER ?=
SECONDS_ ?= 60
ONLY ?=

# CI builds with warnings as errors and refuses an import of what a target does not depend on.
STRICT := $(if $(CI),-Xswiftc -warnings-as-errors --explicit-target-dependency-import-check error)
SOURCES := Package.swift Services Shared Tests

help:  ## List these words.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

packages:  ## Print the Debian packages that are needed, one a line.
	@sed '/^#/d;/^$$/d' deploy/setup/packages.txt

setup:  ## Install the packages that are missing; nothing when all are there.
	@deploy/setup/setup

build: setup  ## Build everything (debug).
	swift build $(STRICT)

release: setup  ## Build the services (release) into .build/release.
	swift build -c release $(STRICT)

test: setup  ## Run the tests; FILTER=Name runs some.
	swift build --build-tests $(STRICT)
	@# One test at a time: many start servers, brokers and whole systems, and have the machine to themselves.
	swift test --skip-build --no-parallel $(STRICT) $(if $(FILTER),--filter '$(FILTER)')

bench: release  ## Measure, print a table and write bench.json; ONLY=codec. runs some.
	.build/release/pganalytics-bench $(if $(ONLY),--only $(ONLY))

demo: release  ## See it work: up for DURATION seconds (60) with a workload, then the report.
	@.build/release/pganalytics up --demo --duration $(DURATION)

up: release  ## Run the embedded system until Ctrl-C.
	@.build/release/pganalytics up

fuzz: setup  ## Feed the decoders random bytes for SECONDS_ (60).
	PGA_TEST_FUZZ_SECONDS=$(SECONDS_) swift test --filter Fuzz

format:  ## Format the sources.
	swift format format --in-place --parallel --recursive $(SOURCES)

lint:  ## Check the format.
	swift format lint --strict --parallel --recursive $(SOURCES)

clean:  ## Remove what was built.
	rm -rf .build bench.json

.PHONY: help packages setup build release test bench demo up fuzz format lint clean
