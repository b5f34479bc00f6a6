"""Render reports as PDF, typeset by Typst in a process of its own."""
