"""Read rules, compute their slots, and start a job once for each slot."""
