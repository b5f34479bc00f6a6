"""The job platform: knows no grid and no report, only jobs, their lifecycle, files and history."""
