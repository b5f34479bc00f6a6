"""The habits of the JSON API: one error shape, strict input, keyset pages, ETags, documented answers."""
