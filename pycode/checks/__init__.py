"""What the document checks: each public function returns a `pycode.check.Check`."""
