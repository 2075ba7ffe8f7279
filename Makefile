# The only commands that are needed. `make demo` and `make test` work from a fresh clone.

PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt
export OMP_NUM_THREADS ?= 1
# Those that need no data beyond the repository's; benchmarks/m4.py asks for the competition's files.
BENCHMARKS := startup demo steps arithmetic models kill fuzz studies study3 robust scale

.PHONY: help demo test check bench docs clean

help:
	@echo "make demo    forecast the bundled stock prices, with a report    在内置股票数据上预测并生成报告"
	@echo "make test    run every test                                      运行全部测试"
	@echo "make check   style, types, floors                                代码风格、类型、层次检查"
	@echo "make bench   measure speed and accuracy                          性能与精度测量"
	@echo "make docs    build the documentation into site/                  生成文档到 site/"
	@echo "make clean   remove what make made                               清除生成的文件"

# Installed again only when a dependency changed: each set of them leaves a stamp.
.venv/pyvenv.cfg:
	$(PYTHON) -m venv .venv

.venv/installed: .venv/pyvenv.cfg pyproject.toml constraints.txt
	$(INSTALL) --editable .
	@touch $@

.venv/installed-%: .venv/installed
	$(INSTALL) --editable '.[$*]'
	@touch $@

demo: .venv/installed
	env -u OMP_NUM_THREADS $(BIN)/gatecast demo

# Two workers with one thread each: the tests are many and small. `pytest` alone leaves out the slow ones.
test: .venv/installed-dev
	$(BIN)/python -m pytest -n 2 -m ""

check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports

# M4=FOLDER adds the accuracy on the M4 competition's files, which are not ours to ship.
# PEERS=ENVIRONMENT, made by `benchmarks/peers.py --install`, adds other libraries on the same files.
bench: .venv/installed-dev
	set -e; for name in $(BENCHMARKS); do echo "== $$name"; env -u OMP_NUM_THREADS $(BIN)/python benchmarks/$$name.py; done
	$(if $(M4),env -u OMP_NUM_THREADS $(BIN)/python benchmarks/m4.py $(M4))
	$(if $(PEERS),env -u OMP_NUM_THREADS $(BIN)/python benchmarks/peers.py $(M4) --environment $(PEERS))
	$(BIN)/python benchmarks/table.py

docs: .venv/installed-docs
	$(BIN)/mkdocs build --strict

clean:
	rm -rf .venv site build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
