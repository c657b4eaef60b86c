"""The numbers that a verdict depends on, in one place, each with its reason."""

# Sides agree to this relative difference. Instances are of order 1 and their sums, solves and quadratures lose at most
# four of the sixteen digits; a smaller error of the text is seen by the exact arithmetic only.
TOLERANCE = 1e-9
SMALL = 1e-3  # entries below this share of the largest are compared on its scale: they carry its rounding
FLOOR = 1e-4  # and none on a smaller scale than this: their terms are of order 1 and may cancel
STRICT = 1e-6  # a bound that never differs by more than this share is an equality
ZERO = 1e-12  # sides below this are 0: instances have nothing smaller
NEGLIGIBLE = 1e-13  # the last term of an infinite sum, beside the largest
FREE_INTEGERS = 6  # a free k is 0, …, 5: more would hide nothing, for a world has at most four states
DENSITY = 1e-8  # how far a density may integrate from 1: quadrature is good to 1e-12, a wrong one is off by far more
FALLS_OFF = 1e-9  # an integrand at the ends of the lattice, beside its largest value; densities end at 1e-16
WHOLE = 1e-9  # how far a number may be from an integer: rounding, and no more
# Equality modulo primes. Coefficients of the text's identities have a few dozen digits.
COEFFICIENT_DIGITS = 10_000
# Entries of one array of residues; the text needs 70 000, on a line through 48 points.
LARGEST_EXACT = 100_000
# Points until every root exists and no denominator is 0; the root of a sum is missing at every second one.
REDRAWS = 16
LINE_POINTS = (48, 256)  # on which degrees are measured: enough for those of most sides of the text, and for all
LINES = 4  # until the roots of numbers exist modulo the prime of the line; roots of sums exist on none
SPARE_TERMS = 6  # of a sequence, beyond those that its recurrence is read from
SPARE_POINTS = 8  # beyond those that a rational function is read from
LONGEST_SUM = 10_000  # terms; longer ones are refused
LARGEST_POWER = 10**6  # repeated squaring of what is near 1; larger ones overflow
LONGEST_NUMBER = 400  # digits
NUMBER_BITS = 4000  # of numerator and denominator of a rational number that is kept exactly beside its residue
LARGEST_INTEGER = 1e9  # far below what float64 and int64 hold exactly
# Further worlds for bounds: of twelve seeds a swapped divergence held for five. The others get one more: they have
# many states and actions each.
BOUND_SEED = (101,)
BOUND_SEEDS = {"vae": (101, 102, 103, 104), "gaussians": (101, 102, 103)}
