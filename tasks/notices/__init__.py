"""Telling people what their jobs came to: who is told of what, and the outbox that it leaves by."""
