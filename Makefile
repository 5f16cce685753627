.DEFAULT_GOAL := help
BIN := .venv/bin
export PYTHON ?= python3
UV ?= uv
COMPILE := $(UV) pip compile pyproject.toml --quiet --universal --generate-hashes --no-header \
	--no-annotate --python-version 3.11 --extra postgres

help: ## Show the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Set up, then start the station with the sample delivery: http://127.0.0.1:8000
	@scripts/setup.sh run
	@exec $(BIN)/silog-scan serve --demo $(ARGS)

test: ## Set up, then run all tests with coverage
	@scripts/setup.sh test
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n 2 $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

check: lint types test ## Everything CI runs

lint: ## Format, lint, directions of imports
	@scripts/setup.sh dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: ## mypy --strict, and tsc --strict over the pages' scripts
	@scripts/setup.sh dev
	$(BIN)/mypy
	$(BIN)/node node_modules/typescript/bin/tsc --project .

bench: ## Measure: figures on standard output
	@scripts/setup.sh test
	@set -e; for script in bench/[a-z]*.py; do echo "== $$script"; $(BIN)/python $$script; done

bench-scan: ## Measure scans a second, beside an empty POST and the disk: a table for docs
	@scripts/setup.sh test
	@$(BIN)/python bench/scan.py $(ARGS)

bench-import: ## Measure imports of manifests beside the databases' own tools: a table for docs
	@scripts/setup.sh test
	@$(BIN)/python bench/imports.py --postgresql $(ARGS)

bench-reading: ## Measure reading beside other engines, films, and labels that are expected (40 minutes)
	@scripts/setup.sh test
	@$(BIN)/python bench/reading.py --curves docs/curves $(ARGS)
	@$(BIN)/python bench/film.py
	@$(BIN)/python bench/expected.py

crash: ## Kill the station again and again while clients scan: nothing may be lost (10 minutes)
	@scripts/setup.sh test
	@$(BIN)/python bench/crash.py --kills 100 --postgresql-kills 25 $(ARGS)
	@$(BIN)/pytest -q -n 0 tests/test_durability.py tests/store/test_failing_writes.py

fuzz: ## Send 110,000 hostile inputs to the station in process: nothing may fail (10 minutes)
	@scripts/setup.sh test
	@$(BIN)/python bench/fuzz.py --inputs 110000 $(ARGS)

translations: ## Collect the sentences of code and templates into the catalogues
	@scripts/setup.sh dev
	$(BIN)/pybabel -q extract -F babel.cfg --ignore-dirs '.*' -k say --no-location --sort-output --omit-header \
		-o .messages.pot silog_scan templates
	$(BIN)/pybabel -q update -i .messages.pot -d silog_scan/translations --no-fuzzy-matching \
		--ignore-obsolete --ignore-pot-creation-date

lock: ## Renew the two lists of pinned packages (needs uv)
	$(COMPILE) --upgrade --group dev -o requirements-dev.lock
	$(COMPILE) -c requirements-dev.lock -o requirements.lock

sbom: ## Write the bill of materials, build/sbom.cdx.json, and docs/licences.md, from the locks
	@scripts/setup.sh dev
	$(BIN)/python scripts/materials.py

wheel: ## Build the sdist and the wheel into dist/
	@scripts/setup.sh dev
	$(BIN)/python -m hatchling build

clean: ## Remove what was made here
	rm -rf .venv build dist .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache .setup.log .messages.pot node_modules silog_scan/web/static/vendor

.PHONY: help run test check lint types bench bench-import bench-reading bench-scan crash fuzz translations lock sbom wheel clean
