"""Create and encrypt webhook secrets: a copy of the table cannot sign events.

The key comes from SECRET_KEY; SECRET_KEY_FALLBACKS still decrypt what they encrypted.
"""

from __future__ import annotations

import base64
import hashlib
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

# Standard Webhooks asks for this prefix and for at least 24 random bytes.
_PREFIX = "whsec_"
_BYTES = 32


class DecryptionFailed(Exception):
    """Report a secret that was encrypted with a SECRET_KEY no longer configured."""


def new_secret() -> str:
    """Return a new secret, as its owner is shown it once."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def encrypt(secret: str) -> str:
    """Return the secret as the table holds it."""
    return _cipher().encrypt(secret.encode()).decode()


def decrypt(encrypted: str) -> str:
    """Return the secret. Raises DecryptionFailed."""
    try:
        return _cipher().decrypt(encrypted).decode()
    except InvalidToken as error:
        raise DecryptionFailed("The secret can no longer be decrypted; rotate it.") from error


def _cipher() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derived(str(key))) for key in keys])


def _derived(key: str) -> bytes:
    digest = hashlib.sha256(b"gridlink.webhooks" + key.encode()).digest()
    return base64.urlsafe_b64encode(digest)
