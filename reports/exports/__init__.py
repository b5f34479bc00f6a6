"""Exports of links and clicks, and of whole accounts, to files."""
