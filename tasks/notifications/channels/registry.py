"""List the channels that notifications are delivered through; a new Sender is named here."""

from __future__ import annotations

from tasks.notifications.channels.base import Sender
from tasks.notifications.channels.email import EmailSender
from tasks.notifications.channels.webhook import WebhookSender

SENDERS: tuple[Sender, ...] = (EmailSender(), WebhookSender())
