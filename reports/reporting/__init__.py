"""Define, run and render reports."""
