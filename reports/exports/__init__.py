"""Export links, clicks and whole accounts to files."""
