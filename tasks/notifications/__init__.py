"""Notify users of how their jobs ended: recipients, outbox, delivery."""
