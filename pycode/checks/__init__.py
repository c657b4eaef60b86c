"""What the document checks: each public function returns a `pycode.check.Check`."""

# Reasons that several groups share.
SOLVE = "10 eps·cond(I−P): the error of one linear solve"
UNITS = "units of eps·cond(I−P), the error of one linear solve; 10 for its constant"
