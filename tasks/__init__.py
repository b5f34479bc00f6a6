"""Run jobs and schedules, notify users, and store files."""
