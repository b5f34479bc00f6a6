"""Define the tables of an archive, each in a module with similar ones."""
