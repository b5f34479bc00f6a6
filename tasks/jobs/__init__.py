"""The life of a job: submit, claim, run, report progress, end, sweep."""
