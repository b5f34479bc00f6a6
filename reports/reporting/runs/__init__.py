"""Run reports: from a saved definition to a stored result and its files."""
