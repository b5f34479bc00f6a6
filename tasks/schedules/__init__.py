"""Schedules: rules of when, what they start, and the pass that starts it once per slot."""

from __future__ import annotations
