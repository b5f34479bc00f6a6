"""Enrich, classify, store and add up clicks and views after the redirect."""
