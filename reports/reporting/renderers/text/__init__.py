"""Text of reports for people: localized cells, labels around them, and characters that cannot be shown."""
