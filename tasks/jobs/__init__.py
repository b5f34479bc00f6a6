"""Submit, claim, run, end and sweep jobs."""
