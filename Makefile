# `make demo` shows the plugin at work, `make test` runs the tests; both set up what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test lint docs system clean

help:
	@echo "make demo   open napari with a photo and three clicks (without a display: build/demo.png)"
	@echo "make test   run the tests"
	@echo "make lint   check style and format"
	@echo "make docs   make the pictures anew, and the pages in build/site"
	@echo "make clean  remove .venv, build, dist and caches"

demo: system $(READY)
	@if [ "$$(uname -s)" = Linux ] && [ -z "$$DISPLAY$$WAYLAND_DISPLAY" ]; then \
		$(BIN)/napari-itis demo --screenshot build/demo.png; \
	else \
		$(BIN)/napari-itis demo; \
	fi

test: system $(READY)
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

docs: system $(READY)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --editable ".[docs]" || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[docs]"
	$(BIN)/python docs/make_screenshots.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "open build/site/index.html"

system:
	@sh scripts/system-packages.sh

# uv sets up torch in half a minute and shares it between environments; pip is the way without it.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; \
		exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
		rm -rf $(VENV); \
		echo "no venv with $(PYTHON): on Debian and Ubuntu, apt install python3-venv" >&2; \
		exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5" || \
		echo "uv cannot be had: going on with pip, which is slower"
	@if [ -x $(BIN)/uv ] && VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/uv pip install --quiet \
			--python $(BIN)/python --editable ".[all,test]"; then :; else \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check \
			--editable ".[all,test]"; \
	fi
	@touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache
	find src tests train -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
