"""Our loops side by side with plain ones: ``make bench``, or ``make bench BENCH=vae`` for one group.

A module benchmarks/<group>.py has ``measure(bar)``, which gives the group's numbers by name; ``bar`` is
`pycode.progress.bar`. What it imports, here and of pycode, is what was measured: results.json holds a hash of it, and
the document quotes the numbers while that stands. Times are CPU time of one thread; only ratios within a run compare.
"""
