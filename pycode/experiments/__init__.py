"""What the document measures: ``measure()`` of a module returns its numbers by name."""
