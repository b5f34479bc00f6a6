"""Netscape bookmark files: a tolerant reader and a writer."""
