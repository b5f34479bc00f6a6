"""Define notifications: e-mail and webhooks."""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured

from gridlink.env import env_int, env_secret, env_str, mail_config

# Where the web tier is reached from outside; addresses in e-mails and webhooks begin with it.
PUBLIC_URL = (
    env_str("PUBLIC_URL").rstrip("/") or f"http://127.0.0.1:{env_int('WEB_PORT', 8000, minimum=1)}"
)
# Empty without a mail server: then no e-mail is queued.
EMAIL_SERVER = mail_config(env_secret("EMAIL_URL"))
EMAIL_FROM = env_str("EMAIL_FROM")
if EMAIL_SERVER and "@" not in EMAIL_FROM:
    raise ImproperlyConfigured("EMAIL_FROM must name a sender's address with EMAIL_URL.")
# The limit for all files of one e-mail; larger ones are sent as links.
EMAIL_ATTACH_BYTES = env_int("EMAIL_ATTACH_BYTES", 10 * 1024 * 1024)
# Token buckets: burst, and the seconds until one more is allowed. E-mail addresses are not verified.
EMAILS_PER_ACCOUNT = (env_int("EMAILS_PER_ACCOUNT", 100, minimum=1), 600.0)
DELIVERIES_BY_HAND = (env_int("DELIVERIES_BY_HAND", 20, minimum=1), 6.0)
WEBHOOKS_PER_USER = env_int("WEBHOOKS_PER_USER", 20, minimum=1)
# Limits a webhook's whole exchange, and each answer of the mail server.
DELIVERY_SECONDS = env_int("DELIVERY_SECONDS", 15, minimum=1)
NOTICE_LIFE = timedelta(days=env_int("NOTICE_DAYS", 90, minimum=1))
