"""REST endpoints for jobs, notifications, schedules and webhooks."""
