"""Serve the REST endpoints of jobs, notifications, schedules and webhooks."""
