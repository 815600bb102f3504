# SPDX-License-Identifier: BSD-3-Clause
# The toolkit's steps. `make help` lists them; every target sets up what it needs first (scripts/environments.py).

MODEL     ?= digits
BUILD     ?= build
BOARD     ?= pynq-z2

# The environments. TOOLS= may be another Python with the same packages (environment.yml).
TOOLS ?= .venv/tools/bin/python
PYNQ  := .venv/pynq/bin/python

export PYTHONUNBUFFERED := 1
# Where the data sets are, read by training and export.
export DATA
# Which Python 3.11 set-up takes (scripts/python).
export PYTHON

# One option per variable that is set, none for the others.
DEVICE_OPTION = $(if $(DEVICE),--device "$(DEVICE)")
TRAIN_OPTIONS = --if-needed $(if $(RESUME),--resume) $(if $(FRESH),--fresh) $(DEVICE_OPTION)
FOLD_OPTIONS  = $(if $(FPS),--fps "$(FPS)") $(if $(LUT),--lut "$(LUT)")
ARGUMENTS     = "$(MODEL)" --build "$(BUILD)"
JOB_OPTIONS   = $(if $(JOBS),--jobs "$(JOBS)")
SEARCH_OPTIONS = $(if $(DROP),--drop "$(DROP)") $(if $(TRIALS),--trials "$(TRIALS)") $(if $(EPOCHS),--epochs "$(EPOCHS)") \
	$(if $(MINUTES),--minutes "$(MINUTES)") $(if $(COST),--cost "$(patsubst luts,fpga/accumulator_cost.py:AccumulatorCost,$(COST))") $(JOB_OPTIONS)

# What MODEL= is called: the name in the recipe, where it is a path.
NAME = $(shell scripts/python -c 'import sys; from chain.cli import model_name; print(model_name(sys.argv[1]))' "$(MODEL)" 2>/dev/null)
# What comes before the RTL: nothing for a network that was handed over (docs/brevitas.md), which has no checkpoint here.
HAS    = $(wildcard $(BUILD)/$(NAME)/$(1))
TO_RTL = $(if $(and $(call HAS,model.onnx),$(if $(call HAS,checkpoint.pt),,yes)),rtl,train export rtl)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo deploy hardware test lint doctor setup train export rtl sim resources netlist shell evaluate cpu report ship \
        board check bitstream gates bundle search explore calibrate prove mutate fuzz bench-step bench-cpu bench-widths \
        bench-training bench-folding bench-hardware bench-board clean

help: ## list the targets and variables
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  MODEL=     a recipe's name (training/recipes) or the path of a recipe of your own; $(MODEL) if not given"
	@echo "  BUILD=     folder of all results; $(BUILD) if not given"
	@echo "  DATA=      folder of the data set, where it is not in its usual place"
	@echo "  DROP=      points of validation accuracy that search may lose; 0.5 if not given (docs/search.md: EPOCHS=, COST=luts)"
	@echo "  TRIALS= MINUTES=  how many trials search trains in all, and when it starts no more; 30 and no limit if not given"
	@echo "  JOBS=      trainings that search, bench-widths and bench-training run at a time; the processors if not given"
	@echo "  DEVICE=cuda train, bench-step and bench-widths on a GPU (docs/scale.md)"
	@echo "  RESUME=1   go on with an interrupted training"
	@echo "  FRESH=1    train, where a trained model comes with the toolkit (models/)"
	@echo "  FULL=1     bench-cpu with every layer, batch and number of threads: an hour or two;"
	@echo "             bench-training with every network: days; bench-hardware with every layer, place and route, networks"
	@echo "  COUNT=1    bench-folding: Yosys counts both foldings as well, minutes a rate"
	@echo "  FPS= LUT=  target frame rate, or budget of look-up tables, for the folding"
	@echo "  BOARD=     pynq-z1, pynq-z2, zcu104 or ulx3s-85f, for bitstream, gates, bundle and board; $(BOARD) if not given"
	@echo "  TOOLCHAIN= vivado, openxc7, finn or trellis, for bitstream; the board's first if not given"
	@echo "  CELL=      one cell of fpga/rtl, for prove and mutate; all if not given"
	@echo "  DESIGNS=   how many simulations fuzz makes; 50 if not given"
	@echo "  PYTHON=    a Python 3.11 that is not called python3.11 or python3"

demo: MODEL = digits
demo: FRESH = 1
demo: deploy ## train a small network on scikit-learn's digits and run it on the simulated board

deploy: train export hardware ## the whole chain for MODEL=

hardware: rtl sim resources netlist shell evaluate cpu report ## all after export, for a network that was trained elsewhere (docs/brevitas.md)

test: lint ## lint, then all tests, a file a core at a time (ARGS= goes to pytest); sets up a second pynq as well
	@scripts/python scripts/environments.py $(if $(FORCE),--force) pynq4
	@$(TOOLS) -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

lint: setup ## ruff and mypy
	@$(TOOLS) -m ruff check .
	@$(TOOLS) -m ruff format --check .
	@$(TOOLS) -m mypy chain training export fpga host scripts

doctor: ## what this machine has, what it lacks, and what that costs
	@scripts/python -m chain.doctor

setup: ## the two Python environments in .venv (every target does this first; FORCE=1: anew, where one is damaged)
	@scripts/python scripts/environments.py $(if $(FORCE),--force) $(if $(filter .venv/%,$(TOOLS)),tools) pynq

train: setup ## 1. train what hardware can do, unless there is a finished training of the recipe (RESUME=1, FRESH=1)
	@$(TOOLS) -m export check-recipe $(ARGUMENTS)
	@$(TOOLS) -m fpga check-part "$(MODEL)"
	@$(TOOLS) -m training train $(ARGUMENTS) $(TRAIN_OPTIONS)

export: setup ## 2. checkpoint to QONNX; PyTorch, QONNX and onnxruntime compared
	@$(TOOLS) -m export export $(ARGUMENTS)

rtl: setup ## 3. QONNX to FINN graph to SystemVerilog (FPS= or LUT=)
	@$(TOOLS) -m fpga rtl $(ARGUMENTS) $(FOLD_OPTIONS)

sim: setup ## 4. simulate the SystemVerilog in Verilator
	@$(TOOLS) -m fpga sim $(ARGUMENTS)

resources: setup ## 5. LUTs, flip-flops, memories, by layer (Yosys)
	@$(TOOLS) -m fpga resources $(ARGUMENTS)

explore: setup ## estimate what every frame rate costs, with the accumulators of MODEL= and with 32 bits (after export)
	@$(TOOLS) -m fpga explore $(ARGUMENTS)

calibrate: setup ## fit the estimates anew: Yosys on random nodes, an hour the first time (goes on when run again)
	@$(TOOLS) -m fpga calibrate --build "$(BUILD)"

netlist: setup ## 6. simulate the synthesised netlist
	@$(TOOLS) -m fpga netlist $(ARGUMENTS)

shell: setup ## 7. registers and memory access around the accelerator: the simulated board's hardware
	@$(TOOLS) -m fpga.shell $(ARGUMENTS)

evaluate: setup ## 8. the driver on the simulated board, on the test images
	@$(PYNQ) -m fpga.board evaluate $(ARGUMENTS)

cpu: setup ## 9. the exported network on the CPU engine, all test images (needs only export)
	@$(TOOLS) -m chain.cpu $(ARGUMENTS)

report: setup ## 10. report.json, report.html and a table
	@$(TOOLS) -m chain.report $(ARGUMENTS)

ship: setup ## pack the finished training of MODEL= into models/, once its logits are proved the same
	@$(TOOLS) -m training ship $(ARGUMENTS)

board: setup ## start the simulated board for MODEL= and say how to talk to it (BOARD=ulx3s-85f: one on a serial line)
	@scripts/python -m fpga.bitstream.check "$(BOARD)" --known
	@$(if $(filter ulx3s-%,$(BOARD)),$(TOOLS) -m fpga.serial_board $(ARGUMENTS),\
	$(PYNQ) -m fpga.board --model "$(MODEL)" --build "$(BUILD)")

check: setup ## say which nodes of any QONNX file (ONNX=) cannot be mapped, and why
	@test -n "$(ONNX)" || { echo "make check: which file? make check ONNX=path/to/model.onnx" >&2; exit 2; }
	@$(TOOLS) -m export check "$(ONNX)"

bitstream: ## bitstream of MODEL= for BOARD= with TOOLCHAIN=; trains, exports, writes the RTL first if missing (FPS=, LUT=: anew)
	@scripts/python -m fpga.bitstream.check "$(BOARD)" $(if $(TOOLCHAIN),"$(TOOLCHAIN)")
	@$(MAKE) --no-print-directory $(if $(FPS)$(LUT),$(TO_RTL),$(if $(call HAS,rtl/manifest.json),setup,$(TO_RTL)))
	@$(TOOLS) -m fpga.bitstream $(ARGUMENTS) --board "$(BOARD)" $(if $(TOOLCHAIN),--toolchain "$(TOOLCHAIN)")

gates: setup ## after rtl: synthesise all of MODEL= and BOARD= (a PYNQ) with Yosys, simulate that netlist, compare 64 images
	@$(TOOLS) -m fpga.bitstream.compare $(ARGUMENTS) --board "$(BOARD)"

bundle: setup ## one archive for a PYNQ board, with the bitstream if one was built (BOARD= if for several)
	@$(TOOLS) -m fpga.bundle $(ARGUMENTS) $(if $(filter command line environment,$(origin BOARD)),--board "$(BOARD)")

search: setup ## narrowest accumulators by layer that lose at most DROP= points, as a recipe (TRIALS=, goes on when run again)
	@$(TOOLS) -m export check-recipe $(ARGUMENTS)
	@$(TOOLS) -m training search $(ARGUMENTS) $(SEARCH_OPTIONS)

prove: setup ## prove the cells: arithmetic equals its specification, streams lose nothing (CELL=; docs/proofs.md)
	@$(TOOLS) -m fpga.proofs prove --build "$(BUILD)" $(if $(CELL),--cell "$(CELL)")

mutate: setup ## break each cell in many ways and show which proof or test notices (CELL=; goes on when run again)
	@$(TOOLS) -m fpga.proofs mutate --build "$(BUILD)" $(if $(CELL),--cell "$(CELL)")

fuzz: setup ## simulate cells of random shapes side by side, DESIGNS= times; a failure is made smaller (docs/proofs.md)
	@WRAPNET_DESIGNS="$(or $(DESIGNS),50)" $(TOOLS) -m pytest --timeout 0 tests/fpga/rtl/test_any_shape.py

bench-step: setup ## time and memory of a training step against plain Brevitas layers, into bench/step.json (OMP_NUM_THREADS=1)
	@$(TOOLS) -m training bench $(ARGUMENTS) $(DEVICE_OPTION)

bench-cpu: setup ## time the CPU engine against its rivals on this machine, into bench/cpu.json and cpu.html (FULL=1: all)
	@$(TOOLS) -m scripts.bench_cpu --build "$(BUILD)" $(if $(FULL),--full)

bench-widths: setup ## train MODEL= with accumulators of 32, 8, 7 and 6 bits and three seeds, into bench/widths.json (BITS=, SEEDS=; EPOCHS=: on from the trained network; LAST=: bits of the last layer)
	@$(TOOLS) -m training widths $(ARGUMENTS) $(if $(EPOCHS),--epochs "$(EPOCHS)") $(if $(LAST),--last "$(LAST)") $(foreach bits,$(BITS),--bits "$(bits)") $(foreach seed,$(SEEDS),--seed "$(seed)") $(JOB_OPTIONS) $(DEVICE_OPTION)

bench-training: setup ## compare ways to train for narrow accumulators, into bench/training.json and .html (FULL=1: all)
	@$(TOOLS) -m training.bench_training --build "$(BUILD)" $(if $(FULL),--full) $(JOB_OPTIONS)

bench-folding: setup ## compare the folding search with FINN's SetFolding on MODEL=, into bench/folding.json (FPS=, COUNT=1; make export first)
	@$(TOOLS) -m fpga.bench_folding $(ARGUMENTS) $(foreach rate,$(FPS),--fps "$(rate)") $(if $(COUNT),--count)

bench-hardware: setup ## compare the hardware with its rivals (Yosys), into bench/hardware.json and .html (FULL=1: all)
	@$(TOOLS) -m fpga.bench_hardware --build "$(BUILD)" $(if $(FULL),--full)

bench-board: setup ## the driver's bench on the simulated board (DEVICE= BITFILE=: on a real one), into the report
	@$(PYNQ) -m fpga.board bench $(ARGUMENTS) $(DEVICE_OPTION) $(if $(BITFILE),--bitfile "$(BITFILE)") $(ARGS)

clean: ## remove all results (BUILD=); the environments in .venv stay
	rm -rf -- "$(BUILD)"
