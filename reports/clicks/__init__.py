"""Clicks and views after the redirect: enriched, judged, stored once, and added up."""
