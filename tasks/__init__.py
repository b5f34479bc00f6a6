"""The job platform: jobs, schedules, notifications and object storage."""
