"""Hold the content of a report, independent of the format it is rendered in."""
