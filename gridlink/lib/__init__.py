"""Leaf helpers: nothing here imports an app."""
