"""Formats of reports: each puts a result into files of one kind."""
