"""All ways out."""

from __future__ import annotations

from tasks.notices.channel import Sender
from tasks.notices.email import EmailSender
from tasks.notices.webhook import WebhookSender

SENDERS: tuple[Sender, ...] = (EmailSender(), WebhookSender())
