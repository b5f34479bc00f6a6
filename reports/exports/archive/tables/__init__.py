"""The tables of an archive, each in a file with its like."""
