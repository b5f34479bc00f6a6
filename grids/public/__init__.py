"""The public tier: an ASGI process that answers counted redirects."""
