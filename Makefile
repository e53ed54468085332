# Set-up and short names. Everything else is plain Snakemake: see README.md.
#
#   make run                    the embedded example, results in results/
#   make run CONFIG=my.yaml     your own analysis, results where my.yaml says
#   make config FROM=study CONFIG=my.yaml    a first config for your folder or table, and what was found in it
#   make docs                   the docs as a small site, build/site/index.html, with every link checked
#   make test                   unit and workflow tests
#   make test-slurm             the workflow on a Slurm that the test starts
#   make lint                   only the checks of style
#   make errors                 write docs/errors.md from the tests that provoke the messages
#   make fuzz MINUTES=60        random damage to configs, tables, images and chunks
#   make calibrate              error rates under the null and power, for docs/validation.md
#   make bench                  speed compared with other tools, scaling and memory, for docs/benchmarks.md
#   make stress                 kill runs at random moments, run 2,000 chunks: takes hours
#   make agree                  the same data through other tools (INSTALL=1: mrtrix3 by apt-get)
#   make golden                 renew the numbers of tests/unit/golden after an intended change
#   make lock                   resolve envs/requirements.in again (needs uv)

PYTHON ?= python3
CORES ?= all
CONFIG ?=
PYTEST_ARGS ?=
MINUTES ?= 60
UV ?= uv

VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
READY := $(VENV)/.locked
LOCK := envs/requirements.txt

# As in an active environment, because jobs and tests start `python` and `snakemake` by name. If the home cannot be
# written, Snakemake stops before it reads the workflow, unless caches have another folder.
CACHE := PYTHONPATH=scripts "$(BIN)/python" -P -m permaps.workflow.surroundings
ACTIVE := PATH="$(BIN):$$PATH" XDG_CACHE_HOME="$$($(CACHE))"

# Test files run in parallel; the tests of one file share what they set up. Those of whole runs take longest, and come
# first, so that no process waits for the last of them.
AT_ONCE := --numprocesses auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder
TESTS := tests/workflow tests/validation tests/fuzz tests/unit

.PHONY: run test test-slurm lint errors fuzz stress calibrate bench agree golden lock
.DELETE_ON_ERROR:

run: $(READY)
	$(ACTIVE) snakemake --cores $(CORES) $(if $(CONFIG),--configfile $(CONFIG)) --rerun-incomplete

.PHONY: config
config: $(READY)
	@$(if $(FROM),,echo "make config FROM=your/folder CONFIG=my.yaml" >&2; exit 2;) \
	$(ACTIVE) PYTHONPATH=scripts python -P -m permaps.design.proposal "$(FROM)" "$(or $(CONFIG),my.yaml)"

# Copied as they lie in the repository, so that the links between them hold.
.PHONY: docs
docs: $(READY)
	@rm -rf build/docs build/site && mkdir -p build/docs
	@cp -R README.md CONTRIBUTING.md CHANGELOG.md LICENSE CITATION.cff config docs build/docs
	$(ACTIVE) mkdocs build --quiet

test: $(READY)
	$(ACTIVE) pytest $(if $(filter tests/%,$(PYTEST_ARGS)),,$(TESTS)) $(AT_ONCE) $(PYTEST_ARGS)

test-slurm: $(READY)
	$(ACTIVE) $(if $(shell command -v timeout),timeout -s KILL 1500) pytest tests/slurm $(PYTEST_ARGS)

lint: $(READY)
	$(ACTIVE) pytest tests/workflow/test_lint.py $(PYTEST_ARGS)

errors: $(READY)
	$(ACTIVE) PERMAPS_WRITE_PAGE=1 pytest tests/workflow/test_bad_input.py $(PYTEST_ARGS)

fuzz: $(READY)
	$(ACTIVE) PERMAPS_FUZZ_MINUTES=$(MINUTES) pytest tests/fuzz $(PYTEST_ARGS)

calibrate: $(READY)
	$(ACTIVE) PYTHONPATH=scripts:tests python -m validation.calibrate

stress: $(READY)
	$(ACTIVE) python tests/stress/interrupt.py
	$(ACTIVE) python tests/stress/large.py
	$(ACTIVE) python tests/stress/reading.py
	$(ACTIVE) python tests/stress/analyses.py

bench: $(READY)
	$(ACTIVE) PYTHONPATH=scripts:tests python -m bench.run

agree: $(READY)
	$(ACTIVE) PYTHONPATH=scripts:tests python -m validation.agree $(if $(INSTALL),--install)

golden: $(READY)
	$(ACTIVE) RENEW_GOLDEN=1 pytest -q tests/unit/test_golden.py

# Hashes without addresses, so that the lock serves any mirror; one file for every Python and platform.
lock:
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 1; }
	$(UV) pip compile --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links --no-config \
		--output-file $(LOCK) envs/requirements.in

# Made once, and made again when the lock changes.
$(READY): $(LOCK)
	@$(PYTHON) --version >/dev/null 2>&1 || { echo "$(PYTHON) cannot be run: make PYTHON=/path/to/python3" >&2; exit 1; }
	@base=$$($(PYTHON) -c '$(usable_python)') && echo "Making $(VENV) with $$base" && "$$base" -P -m venv --clear $(VENV)
	@"$(BIN)/python" -P -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $(LOCK)
	@touch $@

# The interpreter behind $(PYTHON), which may be the one in the environment that is about to be replaced.
define usable_python
import importlib.util, sys; \
found = "%s is Python %d.%d" % (sys.executable, *sys.version_info[:2]); \
sys.version_info < (3, 11) and sys.exit(found + "; Permaps needs 3.11 or newer: make PYTHON=/path/to/python3.11"); \
missing = [name for name in ("venv", "ensurepip") if not importlib.util.find_spec(name)]; \
missing and sys.exit(found + " without %s; on Debian and Ubuntu: apt-get install python3-venv" % " and ".join(missing)); \
print(sys._base_executable)
endef
