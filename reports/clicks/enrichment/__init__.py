"""Derive browser, bot, country, language, referrer, campaign and visitor of a click."""
