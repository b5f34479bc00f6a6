"""Hold what every page is made of: themes, base templates and static files."""
