"""Public identifiers: a prefix that names the kind of thing, and 128 random bits in hex."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from django.core.validators import RegexValidator

SLUG_LENGTH = 35
_DRAWN = 256
# Words a person chooses for an address; the underscore of a slug keeps the two apart.
ALIAS_PATTERN = r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?"
alias_validator = RegexValidator(
    rf"\A{ALIAS_PATTERN}\Z",
    "Use 1 to 64 lower-case letters, digits and hyphens, with no hyphen at either end.",
)


def new_slug(prefix: str) -> str:
    """A fresh identifier such as `gr_` followed by 32 hex digits."""
    return f"{prefix}_{secrets.token_hex(16)}"


def new_slugs(prefix: str) -> Iterator[str]:
    """The same without end, for whoever needs very many: the bits are drawn for some hundred at once."""
    while True:
        bits = secrets.token_hex(16 * _DRAWN)
        for start in range(0, len(bits), 32):
            yield f"{prefix}_{bits[start : start + 32]}"


class SlugConverter:
    """The URL converter `<slug>`: any kind of public identifier."""

    regex = "[a-z]{2}_[0-9a-f]{32}"

    def to_python(self, value: str) -> str:
        """The identifier as it stands in the path."""
        return value

    def to_url(self, value: str) -> str:
        """The identifier as it goes into a path."""
        return value
