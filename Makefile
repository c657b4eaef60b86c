# Two commands are enough: make pdf, make test. Each sets up what it needs by itself.
PYTHON ?= python3
export OMP_NUM_THREADS = 1
unexport PYTHONHOME PYTHONPATH

.PHONY: pdf flat submission test proofread mutants bench bench-build watch lint clean distclean help setup

pdf: setup    ## build main.pdf (also plain `make`)
	@latexmk -norc -r latexmkrc

flat: pdf     ## the same as one .tex for plain pdflatex, without Python: build/flat/ and build/flat.zip
	@.venv/bin/python tools/flat.py

submission: pdf ## submission.zip: main.pdf, the flat source, the code
	@.venv/bin/python tools/submission.py

test: setup   ## run the tests, those of the document included (ALL=1: the slow ones too)
	@.venv/bin/python -m pytest $(if $(ALL),-m '')

proofread: setup ## run the displayed formulas alone, without typesetting
	@.venv/bin/python -m pycode.proofread main.tex

mutants: setup ## plant errors in the displays; each must be found (a minute or two)
	@.venv/bin/python -m pycode.proofread.mutants $(MUTANTS)

bench: setup  ## measure our loops beside plain ones (BENCH=vae: this group alone)
	@.venv/bin/python -m benchmarks $(BENCH)

bench-build: setup ## measure the build beside the flat document (CASES="text display" TIMES=5), in a copy of this folder
	@.venv/bin/python tools/bench_build.py $(if $(TIMES),--times $(TIMES)) $(CASES)

watch: setup  ## rebuild main.pdf whenever a source changes; Ctrl-C ends it
	@latexmk -norc -r latexmkrc -pvc -view=none

lint: setup   ## ruff and mypy
	@.venv/bin/ruff check --quiet && .venv/bin/ruff format --check --quiet && .venv/bin/mypy --no-error-summary

clean:        ## remove what was typeset; what Python computed and .venv stay
	@rm -rf build main.pdf main.synctex.gz submission.zip

distclean: clean ## remove what Python computed too (results/); .venv stays
	@rm -rf results

help:         ## these lines
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

# A stamp of the interpreter, the lock file and the set-up's own text says that nothing is to do, without starting Python.
PROGRAMS = latexmk pdflatex pythontex bibtex pdftotext kpsewhich
setup:
	@{ readlink -f .venv/bin/python; cat requirements.lock tools/setup.py; } 2>/dev/null | cmp -s - .venv/set-up \
	  && for program in $(PROGRAMS); do command -v $$program >/dev/null || exit 1; done \
	  || $(PYTHON) tools/setup.py
