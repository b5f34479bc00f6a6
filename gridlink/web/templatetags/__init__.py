"""Hold filters of templates: `public_text`."""
