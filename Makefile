# The commands of this clone. Each does the set-up it needs (tools/setup.sh) before it starts.
.DEFAULT_GOAL := help
.PHONY: help setup install-python run test test-python test-versions test-r test-browser test-slurm lint document site \
  site-python check check-package coverage bench clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 26

setup: ## install what is missing: system, Python, R packages, the package itself
	@bash tools/setup.sh

run: setup ## the demo: simulate a screen from the real guide library, fit, QC, mash, ranked hits
	@bash tools/with_env.sh Rscript tools/run_demo.R

install-python: ## into the Python on the path, for FATEBIAS_SETUP=no; DEPS=lock, newest, oldest or pre
	@python tools/install_python.py $(or $(DEPS),lock)

test: setup ## linters, pytest, reading with other versions, testthat, R CMD check, the report in a browser and, as root, a real Slurm; the last line counts them
	@bash tools/run_tests.sh

test-python: setup ## pytest only
	@bash tools/run_tests.sh python

test-versions: setup ## tests of reading only, with the oldest and the newest versions of anndata, pandas, numpy and zarr
	@bash tools/run_tests.sh versions

test-r: setup ## testthat only
	@bash tools/run_tests.sh r

test-browser: setup ## those of the report in a real browser only (Chromium or Chrome)
	@bash tools/run_tests.sh browser

test-slurm: setup ## those on a real Slurm only: starts one on this machine (as root), and stops it
	@bash tools/run_tests.sh slurm

lint: setup ## linters only: ruff, its format, mypy, import-linter, lintr, the schemas of .github/
	@bash tools/run_tests.sh lint

coverage: export FATEBIAS_NEEDS = coverage
coverage: setup ## run the tests of both languages and print the share of lines that they reach
	@bash tools/run_coverage.sh

document: export FATEBIAS_NEEDS = document
document: setup ## NAMESPACE and man/ from the comments in R/
	@bash tools/with_env.sh Rscript tools/document.R

site: export FATEBIAS_NEEDS = website
site: setup ## the documentation site in site/, by pkgdown and without a network
	@bash tools/with_env.sh Rscript tools/build_site.R

site-python: setup ## the pages of the Python API in site/python, by mkdocs (docs/python/requirements.txt) and without a network
	@bash tools/build_python_site.sh

check: setup ## R CMD build and R CMD check --no-manual, in a temporary folder
	@bash tools/run_check.sh

check-package: setup ## R CMD check without tests and articles, as `make test` runs it
	@bash tools/run_tests.sh package

bench: setup ## the benchmarks of bench/: speed beside an earlier commit, then every number against its target
	@bash tools/with_env.sh .venv/bin/python bench/ratios.py .bench --write bench/SPEED.md
	@bash tools/with_env.sh .venv/bin/python bench/run.py --out bench/RESULTS.md

clean: ## remove what the commands made (not the installed packages)
	rm -rf .venv .versions .axe .bench demo site _targets .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage* inst/python/*.egg-info inst/python/build
	find inst/python tests -name __pycache__ -type d -prune -exec rm -rf {} +
