"""Celery and Redis: publish messages, run beat, keep workers connected."""
