"""Provide helpers for all apps; nothing here imports an app."""
