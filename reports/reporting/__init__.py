"""Reports: saved definitions, their kinds, runs, results and file formats."""
