"""What the document measures: ``measure()`` of a module returns its numbers by name."""

NORMAL_95 = 1.959964  # standard errors to either side of a mean: its 95 % interval
