# `make video` and `make test` do all the set-up themselves. Python 3.11 or 3.12 and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
TOOLS := $(VENV)/tools
INSTALL := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check
# Installed only by the targets that need them: versions, but no hashes.
UNLOCKED := atheris|axe-playwright-python|playwright|pyee
# The folder of your own project (danceit new); empty: the demo.
PROJECT ?=
# What `make user-study` hands to the server.
STUDY ?=
# The cores snakemake may use; GPU-bound rules run one at a time.
CORES ?= all
# Folders are named by the shell's variables, in quotation marks: their names may hold spaces, quotes and dollar signs.
export PROJECT
SNAKEMAKE := PATH="$$PWD/$(BIN):$$PATH" $(BIN)/python -m snakemake
WORKFLOW = $(SNAKEMAKE) --cores $(CORES) $(and $(PROJECT),--configfile "$$PROJECT/config.yaml")
DANCEIT := PATH="$$PWD/$(BIN):$$PATH" $(BIN)/python -m danceit_core.cli
MY = $(and $(PROJECT),"$$PROJECT")
# The release of PyTorch of `make test-torch`.
TORCH ?= 2.6.0
# What `make open` hands to the server, such as "--port 8010 --no-browser".
ROOM ?=
RESULTS := $${PROJECT:+$$PROJECT/}results

.DEFAULT_GOAL := video
.PHONY: setup video report open test test-long test-torch test-gpu fuzz drill test-slurm test-browser user-study lint format smoke docs pipeline assets licences audit constraints help

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

# First what is locked: each file that is installed has a hash in requirements.lock. Then what is left: PyTorch, whose
# builds for the CPU and for CUDA come from several places, and what a CUDA build brings with it.
$(READY): pyproject.toml constraints.txt requirements.lock
	@echo "Setting up $(VENV) (once, one to three minutes) ..."
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --no-deps --require-hashes --requirement requirements.lock
	$(INSTALL) --constraint constraints.txt --no-build-isolation --editable ".[dev,docs,cluster,app,demo]"
	@touch $@

setup: $(READY) ## the environment in .venv, which the other targets set up as well; then: . .venv/bin/activate

video: $(READY) ## the demo: results/draft.mp4 after some minutes, then results/video.mp4; PROJECT=my: your own, in my/results
	$(DANCEIT) make --cores $(CORES) $(MY)

report: $(READY) ## all pictures, scores and videos in one page to look at offline: results/report.html
	$(DANCEIT) report --cores $(CORES) $(MY)

open: $(READY) ## the cutting room in the browser: add files, make dances, edit them; PROJECT=my: your own project
	$(DANCEIT) open $(ROOM) $(MY)

# The tests of a file on one process: what they share (tests/workflow/test_shapes.py) may take minutes to make.
test: $(READY) ## the tests (those of the whole workflow: make smoke)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile

test-long: $(READY) ## the tests that take a minute each: ten minutes of video, two hours of music
	$(BIN)/python -m pytest -m long --durations 0

# The rest is the usual environment's, which the other one finds beside its own PyTorch.
test-torch: $(READY) ## what computes with PyTorch, by another release of it: the oldest that is allowed; TORCH=2.14.1: that one (GB)
	$(BIN)/python -m venv $(VENV)/torch-$(TORCH)
	$(VENV)/torch-$(TORCH)/bin/python -m pip install --quiet --disable-pip-version-check "torch==$(TORCH)"
	@$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" > \
		"$$($(VENV)/torch-$(TORCH)/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/beside.pth"
	OMP_NUM_THREADS=1 $(VENV)/torch-$(TORCH)/bin/python -m pytest tests/unit/imagination tests/unit/matcher tests/unit/test_plain_torch.py

test-gpu: $(READY) ## on a machine with a GPU: the tests that need one, then the speed and memory of training and painting
	@$(BIN)/python -c "import torch; raise SystemExit(not torch.cuda.is_available())" || { \
		echo "PyTorch can use no GPU here: nvidia-smi shows the driver, pip list the build of PyTorch"; exit 1; }
	$(BIN)/python -m pytest -v -rs -m gpu tests/unit
	$(BIN)/python benchmarks/gpu_painter.py

test-slurm: $(READY) ## the tiny workflow on a SLURM cluster of this machine's own (as root); skipped where there is no SLURM
	$(BIN)/python -m pytest -v -rs tests/slurm/drills.py

user-study: $(READY) ## clips of each variant of the alignment, and a page to vote on them (STUDY="--port 8010")
	$(WORKFLOW) -- "$(RESULTS)/user_study/study.json"
	$(BIN)/python -m danceit_core.user_study --results "$(RESULTS)" $(STUDY)

test-browser: $(READY) ## the report, the voting page and the explorer in a real Chromium, which is installed where apt-get can
	@command -v chromium > /dev/null || [ "$$(id -u)" != 0 ] || { apt-get update -qq && apt-get install -y -qq chromium; }
	-$(INSTALL) --constraint constraints.txt playwright axe-playwright-python
	$(BIN)/python -m pytest -v -rs tests/browser

drill: $(READY) ## the tiny run, killed at twenty random moments, must end as if nothing had been
	$(BIN)/python tests/drills/kill_drill.py

fuzz: $(READY) ## 1,500 damaged files of every kind, then our parsers by coverage for three minutes
	$(BIN)/python tests/fuzz/damaged_files.py --cases 1500
	-$(INSTALL) --constraint constraints.txt atheris
	$(BIN)/python tests/fuzz/parsers.py --seconds 30

smoke: $(READY) ## the whole chain at 64 to 192 px, on this machine, in a folder of its own
	PATH="$$PWD/$(BIN):$$PATH" tests/workflow/smoke.sh

lint: $(READY) ## ruff, mypy, snakefmt, snakemake --lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy danceit_core
	$(BIN)/snakefmt --check workflow
	$(SNAKEMAKE) --lint

format: $(READY) ## let ruff and snakefmt write the code as they want it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt workflow

# An empty file stands for networks that could not be fetched.
assets: $(READY) ## fetch weights and body mesh ahead of time, for work offline
	@test -s resources/beats/beat_networks.zip || rm -f resources/beats/beat_networks.zip
	$(SNAKEMAKE) --cores 1 -- \
		resources/blazepose/pose_detection.tflite resources/blazepose/pose_landmark_full.tflite resources/body/body_mesh.zip \
		resources/efficientnet/efficientnet_lite0.pth resources/beats/beat_networks.zip

docs: $(READY) ## the documentation as pages, docs/_build/index.html; a warning or a broken link is an error
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going docs docs/_build
	$(BIN)/python docs/check_links.py

pipeline: $(READY) ## the picture of the pipeline in the README, from the workflow's rules: docs/pictures/pipeline.svg
	$(BIN)/python docs/draw_pipeline.py

# But NVIDIA's libraries, which come with PyTorch's builds for CUDA: they are not ours to choose (NOTICE).
licences: $(READY) ## the licence of every package that is installed; an error where one is not allowed
	$(BIN)/pip-licenses --format=markdown --order=license --packages \
		$$($(BIN)/python -m pip list --format=freeze | grep -vE '^(nvidia-|cuda-toolkit=)' | cut -d= -f1)

# Not among the project's own packages, whose versions and hashes they deal with.
$(TOOLS)/ready: | $(READY)
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check pip-audit uv
	@touch $@

audit: $(READY) ## known vulnerabilities of what is installed, where a database of them can be reached
	-@$(MAKE) --no-print-directory $(TOOLS)/ready
	PATH="$$PWD/$(TOOLS)/bin:$$PATH" tests/audit.sh

constraints: $(READY) $(TOOLS)/ready ## write down the versions that are installed now, and the hashes of their files
	@{ head -2 constraints.txt; { $(BIN)/python -m pip freeze --all --exclude-editable | sed 's/+cpu//'; \
		grep -E '^($(UNLOCKED))=' constraints.txt; } | sort --ignore-case --unique; } > .constraints.part
	@mv .constraints.part constraints.txt
	@grep -vE '^(#|torch=|($(UNLOCKED))=)' constraints.txt | $(TOOLS)/bin/uv pip compile --quiet --no-deps --universal \
		--generate-hashes --no-annotate --python-version 3.11 --custom-compile-command "make constraints" \
		--output-file requirements.lock -
