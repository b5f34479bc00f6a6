"""Render results of reports as files, one module or package for each format."""
