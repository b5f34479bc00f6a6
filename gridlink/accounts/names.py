"""Reserve usernames that would pass for the operator or for a part of the product."""

from __future__ import annotations

import re

# Of the product, its operator, its pages and what mail and name servers reserve (RFC 2142).
RESERVED = frozenset([
    "about", "abuse", "account", "accounts", "admin", "admins", "administrator", "administrators",
    "anonymous", "api", "auth", "backup", "billing", "contact", "daemon", "dns", "docs", "download",
    "downloads", "email", "everyone", "export", "exports", "ftp", "gridlink", "gridlinkhq", "grid",
    "grids", "healthz", "help", "helpdesk", "hostmaster", "http", "https", "imap", "import", "imports",
    "info", "internal", "legal", "links", "localhost", "login", "logout", "mail", "mailer-daemon",
    "marketing", "moderator", "moderators", "nobody", "noc", "noreply", "no-reply", "notifications",
    "null", "official", "operator", "operators", "owner", "password", "pop3", "postmaster", "privacy",
    "public", "readyz", "redirect", "register", "report", "reports", "robots", "root", "sales",
    "schema", "security", "service", "services", "settings", "signin", "signup", "smtp", "ssl", "staff",
    "static", "status", "store", "superadmin", "superuser", "support", "sysadmin", "sysop", "system",
    "systems", "team", "terms", "tokens", "undefined", "users", "usenet", "uucp", "web", "webhooks",
    "webmaster", "website", "worker", "workers", "www",
])  # fmt: skip
# Characters that pass for a letter, each as one of those that look alike.
_ALIKE = str.maketrans("0134567892i!|@$", "oleasgtbgzlllas")
_PAIRS = (("rn", "m"), ("vv", "w"))
_NUMBER = re.compile(r"\A\d+|\d+\Z")


def look_alike(text: str) -> str:
    """Fold a text to what a hasty reader sees: without case, separators and similar letters."""
    return re.sub(r"[\W_]", "", text.lower().translate(_ALIKE))


def _skeletons(name: str) -> set[str]:
    """Fold a name as it is, and without a number before or after it."""
    found = set()
    for text in (name, _NUMBER.sub("", name)):
        skeleton = look_alike(text)
        for pair, letter in _PAIRS:
            skeleton = skeleton.replace(pair, letter)
        found.add(skeleton)
    return found


_RESERVED = frozenset().union(*(_skeletons(name) for name in RESERVED))


def is_reserved(name: str) -> bool:
    """Check whether a username is reserved, or looks like a reserved one."""
    return not _RESERVED.isdisjoint(_skeletons(name))
