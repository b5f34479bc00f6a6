"""Provide the JSON API's errors, strict input, keyset pages, ETags and OpenAPI schema."""
