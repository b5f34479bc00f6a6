"""The secrets that webhooks are signed with, sealed: who reads the table, or a backup, cannot sign with them.

The key comes from SECRET_KEY; SECRET_KEY_FALLBACKS still open what they sealed.
"""

from __future__ import annotations

import base64
import hashlib
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

# What Standard Webhooks puts before a secret, and how many random bytes it asks for at least.
_PREFIX = "whsec_"
_BYTES = 32


class DecryptionFailed(Exception):
    """The secret was sealed with a SECRET_KEY that nobody has any more."""


def new_secret() -> str:
    """A fresh secret as its owner is shown it, this once."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def encrypt(secret: str) -> str:
    """What the table keeps of a secret."""
    return _cipher().encrypt(secret.encode()).decode()


def decrypt(sealed: str) -> str:
    """The secret. Raises DecryptionFailed."""
    try:
        return _cipher().decrypt(sealed).decode()
    except InvalidToken as error:
        raise DecryptionFailed("The secret cannot be read any more; rotate it.") from error


def _cipher() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derived(str(key))) for key in keys])


def _derived(key: str) -> bytes:
    digest = hashlib.sha256(b"gridlink.webhooks" + key.encode()).digest()
    return base64.urlsafe_b64encode(digest)
