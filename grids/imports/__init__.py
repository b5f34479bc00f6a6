"""Imports: what a file says (`spool`), what that means here (`settle`), and how it is taken back (`undo`)."""
