"""Import files of links: read, stage, match, apply, and undo."""
