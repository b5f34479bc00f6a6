"""Answer visitors of the public tier: an ASGI process that redirects and counts."""
