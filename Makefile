# One command each; every target sets up what it needs with Python, pip and make alone.

PYTHON ?= python3
PARITY_PYTHON ?= python3.10
OLDEST_PYTHON ?= python3.10
VENV := .venv
PARITY := .parity
LOWEST := .lowest
LOWEST_EXTRAS := codecs,beats,features,deejai,matching,ann,maps,musdb,medleydb,dataframe,parquet,tags,shap,shapiq,cluster,rendering,app
NPM := $(shell command -v npm 2>/dev/null)
TOOLS := tests/browser/node_modules
DATA ?= cerberus-data
RUN ?= cerberus-run
EXPERIMENT ?= guitar-vs-piano
GENRES ?= genre-classifier
STUDY ?= planted-study
WHY_STUDY ?= planted-why-study
CONFUSION ?= confusion-kept
LIBRARY ?= library
KNOWN ?= known-similarity
ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test check docs bench fuzz fuzz-guided mutants parity cerberus-data train-cerberus evaluate-separation
.PHONY: test-training test-adapters test-lowest guitar-vs-piano planted planted-why confusion reasons playlists library embeddings
.PHONY: evaluate-retrieval known-similarity genre-classifier

help:
	@echo "make demo      explain a bundled clip of a real song (fetches 102 MB of published models the first time)"
	@echo "make test      run all tests                         (ARGS='-k spleeter' for some)"
	@echo "make check     lint, types, docstrings, layering"
	@echo "make docs      the documentation site, with a gallery of real pages, in docs/_build/html"
	@echo "make test-lowest   some tests of every package, each in the lowest version that we allow, on OLDEST_PYTHON"
	@echo "make bench     speed, beside other packages and, where 'make parity' has set them up, the genuine ones  (ARGS=--quick)"
	@echo "make fuzz      hundreds of malformed inputs: does any end in a traceback or a hang?  (minutes; ARGS='-n 1000')"
	@echo "make fuzz-guided  the readers, fed with what reaches new lines of them, by atheris  (an hour; Linux)"
	@echo "make mutants   wrong numbers, comparisons and signs in the statistics: do tests notice?  (a dozen minutes; ARGS='--seed 1')"
	@echo "make parity    compare with the genuine spleeter, musicnn and vibenet (Python 3.8-3.11, 2.5 GB)"
	@echo
	@echo "our own separator (adds PyTorch to the environment; needs Debian's mma, fluidsynth and SoundFonts, see README.md):"
	@echo "make cerberus-data        render the songs that it is trained and tested on into DATA (hours)"
	@echo "make train-cerberus       train on them in RUN, or go on training"
	@echo "make evaluate-separation  compare its stems with the true ones  (ARGS='-f hpss' for another separator's)"
	@echo "make test-training        test the recipe in miniature"
	@echo
	@echo "make planted          listeners whose reasons are known: does any sentence name what is not so? (keeps what it finds in STUDY)"
	@echo "make planted-why      embedders whose reasons are known: does why name what is not so? (keeps what it finds in WHY_STUDY)"
	@echo "make confusion        measure how much of a true source lands in each stem (DATA; ARGS='--songs 20 --stems DIR ...')"
	@echo
	@echo "make library          fetch free game music from Debian's packages into LIBRARY (1.4 GB; nothing is installed), and index it"
	@echo "make reasons          does the reason of a recommendation survive another separator? (the songs of LIBRARY)"
	@echo "make playlists        does a list that is put in order as a whole hold to its end? (the index that make reasons makes)"
	@echo "make evaluate-retrieval  do songs find others of their soundtrack? by musicnn, features and other packages (an hour)"
	@echo "make embeddings       train embeddings on half of the soundtracks of LIBRARY and judge them by the others  (hours; adds PyTorch)"
	@echo "make known-similarity   songs that share their drums, chords, mix … alone: what do embedders call similar?  (twenty minutes,"
	@echo "                      in KNOWN; needs Debian's mma, fluidsynth and SoundFonts; ARGS='-m SPEC' for an embedder of yours)"
	@echo
	@echo "make guitar-vs-piano  train classifiers that listen to the wrong instrument, in EXPERIMENT (adds TensorFlow;"
	@echo "                      needs Debian's mma, fluidsynth and SoundFonts; ARGS=--quick for a small one)"
	@echo
	@echo "make genre-classifier train a classifier of styles and its twin without masking, in GENRES  (an hour; adds PyTorch;"
	@echo "                      needs Debian's mma, fluidsynth and SoundFonts, or ARGS='--library LIBRARY' after make library)"
	@echo
	@echo "make test-adapters        test Keras, PyTorch, transformers, Demucs and Open-Unmix (adds those packages)"
	@echo
	@echo "variables:     PYTHON=$(PYTHON)  PARITY_PYTHON=$(PARITY_PYTHON)  OLDEST_PYTHON=$(OLDEST_PYTHON)  DATA=$(DATA)  RUN=$(RUN)  EXPERIMENT=$(EXPERIMENT)  GENRES=$(GENRES)  STUDY=$(STUDY)  LIBRARY=$(LIBRARY)  KNOWN=$(KNOWN)"

demo: $(VENV)/.installed
	$(VENV)/bin/audiolime demo$(if $(ARGS), $(ARGS))

# Arrays are small here: threads that share them wait for each other longer than they work.
test test-training test-adapters test-lowest mutants: export OMP_NUM_THREADS ?= 1

test: $(VENV)/.installed-dev $(if $(NPM),$(TOOLS)/.installed)
	$(VENV)/bin/python -m pytest $(ARGS)

test-lowest: $(LOWEST)/.installed
	$(LOWEST)/bin/python -m tests.lowest $(LOWEST_EXTRAS)

check: $(VENV)/.installed-dev $(if $(NPM),$(TOOLS)/.installed)
	$(VENV)/bin/python -m ruff check
	$(VENV)/bin/python -m mypy
	$(VENV)/bin/python -m pytest -q tests/test_layering.py
	$(if $(NPM),npm --prefix tests/browser run --silent lint,@echo "no npm on PATH: the player's script was not linted")

docs: export OMP_NUM_THREADS ?= 1
docs: $(VENV)/.installed-docs
	$(VENV)/bin/python docs/made.py
	rm -rf docs/_build/html docs/reference/names docs/reference/modules
	$(VENV)/bin/python -m sphinx -q -W --keep-going -d docs/_build/read docs docs/_build/html
	$(VENV)/bin/python docs/links.py docs/_build/html

bench: $(VENV)/.installed-peers
	$(VENV)/bin/python -m tests.bench --genuine $(PARITY)/bin/python $(ARGS)

fuzz: $(VENV)/.installed
	$(VENV)/bin/python -m tests.fuzz $(ARGS)

# Atheris has wheels for Linux alone, so no extra names it.
fuzz-guided: $(VENV)/.installed
	$(VENV)/bin/python -m pip install --quiet atheris
	mkdir -p fuzz-corpus
	for target in decoding containers bundle manifest store result; do \
	  $(VENV)/bin/python -m tests.fuzz.guided $$target fuzz-corpus/$$target -rss_limit_mb=6000 $(or $(ARGS),-max_total_time=600) || exit 1; \
	done

mutants: $(VENV)/.installed-dev
	$(VENV)/bin/python -m tests.mutants $(ARGS)

parity: $(VENV)/.installed-torch $(PARITY)/.installed
	$(VENV)/bin/python -m tests.parity --genuine $(PARITY)/bin/python $(ARGS)

cerberus-data: $(VENV)/.installed-training
	$(VENV)/bin/python -m examples.cerberus.dataset $(DATA) $(ARGS)

# Threads that spin for long stop each other on a shared machine; memory that is kept need not be cleared again.
train-cerberus: export GOMP_SPINCOUNT ?= 3000
train-cerberus: export MALLOC_MMAP_THRESHOLD_ ?= 8000000000
train-cerberus: export MALLOC_TRIM_THRESHOLD_ ?= 8000000000
train-cerberus: $(VENV)/.installed-training
	$(VENV)/bin/python -m examples.cerberus.train $(RUN) --data $(DATA) $(ARGS)

evaluate-separation: $(VENV)/.installed-evaluation
	$(VENV)/bin/python -m examples.cerberus.evaluate $(DATA) $(ARGS)

guitar-vs-piano: $(VENV)/.installed-guitar-vs-piano
	$(VENV)/bin/python -m examples.guitar_vs_piano $(EXPERIMENT) $(ARGS)

genre-classifier: export OMP_NUM_THREADS ?= 1
genre-classifier: $(VENV)/.installed-training
	$(VENV)/bin/python -m examples.genre_classifier $(GENRES) $(ARGS)

library: $(VENV)/.installed
	$(VENV)/bin/python -m examples.library $(LIBRARY) $(ARGS)
	$(VENV)/bin/audiolime index $(LIBRARY)/manifest.csv -m 'musicnn:MSD_musicnn?layer=penultimate' -o $(LIBRARY)/musicnn.index

evaluate-retrieval: export OMP_NUM_THREADS ?= 1
evaluate-retrieval: $(VENV)/.installed-peers
	$(VENV)/bin/python -m examples.library.evaluate $(LIBRARY) $(ARGS)

embeddings: export OMP_NUM_THREADS ?= 1
embeddings: $(VENV)/.installed-training
	$(VENV)/bin/python -m examples.library.training $(LIBRARY) $(ARGS)

known-similarity: export OMP_NUM_THREADS ?= 1
known-similarity: $(VENV)/.installed-rendering
	$(VENV)/bin/python -m examples.known_similarity $(KNOWN) $(ARGS)

planted: $(VENV)/.installed
	$(VENV)/bin/python -m tests.studies.planted $(STUDY) $(if $(wildcard $(DATA)),--data $(DATA) --skip 20 --songs 4) $(ARGS)

planted-why: export OMP_NUM_THREADS ?= 1
planted-why: $(VENV)/.installed
	$(VENV)/bin/python -m tests.studies.planted_why $(WHY_STUDY) $(if $(wildcard $(DATA)),--data $(DATA) --skip 20 --songs 4) $(ARGS)

reasons: export OMP_NUM_THREADS ?= 1
reasons: $(VENV)/.installed
	$(VENV)/bin/audiolime index $(LIBRARY)/manifest.csv -m 'musicnn:MSD_musicnn?layer=penultimate' --middle 30 -o $(LIBRARY)/middle-30.index
	$(VENV)/bin/python -m examples.library.reasons $(LIBRARY) $(LIBRARY)/middle-30.index $(ARGS)

playlists: export OMP_NUM_THREADS ?= 1
playlists: $(VENV)/.installed
	$(VENV)/bin/python -m examples.library.playlists $(LIBRARY)/middle-30.index

confusion: $(VENV)/.installed-training
	$(VENV)/bin/python -m examples.confusion $(DATA) --kept $(CONFUSION) $(ARGS)

test-training: $(VENV)/.installed-training $(VENV)/.installed-dev
	$(VENV)/bin/python -m pytest tests/training $(ARGS)

test-adapters: $(VENV)/.installed-adapters $(VENV)/.installed-dev
	for file in tests/adapters/test_*.py; do $(VENV)/bin/python -m pytest $$file $(ARGS) || exit 1; done

# The stamps: nothing is installed again until what was asked for changes. (Setuptools warns of all editable installs.)

$(VENV)/.installed: pyproject.toml
	$(call new-environment,$(PYTHON),$(VENV),310,399,Python 3.10 or newer is needed: make PYTHON=python3.12 ...)
	$(VENV)/bin/python -m pip install --quiet --upgrade "pip>=24.1"
	PYTHONWARNINGS=ignore $(VENV)/bin/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	PYTHONWARNINGS=ignore $(VENV)/bin/python -m pip install --quiet --editable ".[dev]"
	@touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	PYTHONWARNINGS=ignore $(VENV)/bin/python -m pip install --quiet --editable ".[docs]"
	@touch $@

$(VENV)/.installed-training: $(VENV)/.installed
	PYTHONWARNINGS=ignore $(VENV)/bin/python -m pip install --quiet --editable ".[training]"
	@touch $@

$(VENV)/.installed-rendering: $(VENV)/.installed
	PYTHONWARNINGS=ignore $(VENV)/bin/python -m pip install --quiet --editable ".[features,rendering]"
	@touch $@

$(VENV)/.installed-guitar-vs-piano: $(VENV)/.installed
	PYTHONWARNINGS=ignore $(VENV)/bin/python -m pip install --quiet --editable ".[keras,training]"
	@touch $@

$(VENV)/.installed-adapters: $(VENV)/.installed
	PYTHONWARNINGS=ignore $(VENV)/bin/python -m pip install --quiet --editable ".[keras,torch,huggingface,demucs,openunmix,training]" captum
	@touch $@

$(VENV)/.installed-evaluation: $(VENV)/.installed
	PYTHONWARNINGS=ignore $(VENV)/bin/python -m pip install --quiet --editable ".[separation-evaluation]"
	@touch $@

$(VENV)/.installed-torch: $(VENV)/.installed
	PYTHONWARNINGS=ignore $(VENV)/bin/python -m pip install --quiet --editable ".[torch]"
	@touch $@

# Packages that we are compared with; nothing else needs them, so no extra names them.
$(VENV)/.installed-peers: $(VENV)/.installed
	PYTHONWARNINGS=ignore $(VENV)/bin/python -m pip install --quiet --editable ".[features]"
	$(VENV)/bin/python -m pip install --quiet bliss-audio==0.1.11 sonara==0.3.6 pymusly==2.0.0
	@touch $@

$(TOOLS)/.installed: tests/browser/package-lock.json
	npm --prefix tests/browser ci --silent --no-audit --no-fund
	@touch $@

$(PARITY)/.installed: tests/parity/requirements.txt
	$(call new-environment,$(PARITY_PYTHON),$(PARITY),308,311,the genuine packages need Python 3.8 to 3.11: make parity PARITY_PYTHON=python3.11)
	$(PARITY)/bin/python -m pip install --quiet --upgrade pip
	$(PARITY)/bin/python -m pip install --quiet --requirement tests/parity/requirements.txt
	$(PARITY)/bin/python -m pip install --quiet --no-deps musicnn==0.1.0 vibenet==0.1.0
	@touch $@

# Where pyenv has several Pythons, it is told which is meant. Wheels alone, but for lime, which has none.
$(LOWEST)/.installed: export PYENV_VERSION ?= $(OLDEST_PYTHON:python%=%)
$(LOWEST)/.installed: pyproject.toml
	$(call new-environment,$(OLDEST_PYTHON),$(LOWEST),310,310,the oldest Python is tried here: make test-lowest OLDEST_PYTHON=/a/path/to/python3.10)
	$(LOWEST)/bin/python -m pip install --quiet uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct --only-binary :all: \
		--no-binary lime --no-binary audiolime-ext --editable ".[$(LOWEST_EXTRAS)]" "pytest>=8" "pytest-timeout>=2.3"
	@touch $@

# $(call new-environment,PYTHON,FOLDER,OLDEST,NEWEST,ADVICE): a virtual environment with pip, unless it is there.
# Debian's Python lacks ensurepip unless python3-venv is installed; then the machine's own pip puts a pip in.
define new-environment
@command -v $(1) >/dev/null || { echo "no command '$(1)'; $(5)" >&2; exit 1; }
@$(1) -c 'import sys; v = sys.version_info; sys.exit(not $(3) <= 100 * v[0] + v[1] <= $(4))' || \
	{ echo "'$(1)' is $$($(1) --version); $(5)" >&2; exit 1; }
@$(2)/bin/python -m pip --version >/dev/null 2>&1 || { echo "creating $(2)"; \
	$(1) -m venv --clear $(2) >/dev/null 2>&1 || { $(1) -m venv --clear --without-pip $(2) && \
	$(1) -m pip install --quiet --target "$$($(2)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" pip; }; }
endef
