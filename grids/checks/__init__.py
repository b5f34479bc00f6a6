"""Checking links: asking their hosts politely, and judging what comes back."""
