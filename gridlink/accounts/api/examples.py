"""Provide example bodies for the API's documentation."""

from __future__ import annotations

USER = {
    "slug": "us_3f2a9c0d4b5e6f708192a3b4c5d6e7f8",
    "username": "ada",
    "display_name": "Ada Lovelace",
    "email": "ada@example.org",
    "time_zone": "Europe/London",
    "week_start": "monday",
    "locale": "en_GB",
    "email_jobs": "failed",
    "created_on": "2026-11-01T09:00:00Z",
}
PREFERENCES = {"time_zone": "Europe/London", "locale": "en_GB", "email_jobs": "failed"}
TOKEN = {
    "slug": "tk_0c1d2e3f405162738495a6b7c8d9eaf0",
    "name": "laptop",
    "scopes": ["read", "write"],
    "created_on": "2026-11-01T09:00:00Z",
    "expiry": "2027-01-30T09:00:00Z",
    "last_used_on": None,
}
ISSUED_TOKEN = {**TOKEN, "token": "glt_the-secret-is-shown-only-once"}
REGISTER = {"username": "ada", "password": "correct horse battery staple"}
PASSWORD_CHANGE = {
    "current_password": "correct horse battery staple",
    "new_password": "another horse and another staple",
}
TOKEN_REQUEST = {**REGISTER, "name": "laptop", "scopes": ["read", "write"]}
