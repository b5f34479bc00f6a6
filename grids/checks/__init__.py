"""Check links: request their addresses politely, and classify the responses."""
