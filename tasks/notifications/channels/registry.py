"""List the channels that notifications are delivered through.

To add one, write a Sender in a module of its own and name it here.
"""

from __future__ import annotations

from tasks.notifications.channels.base import Sender
from tasks.notifications.channels.email import EmailSender
from tasks.notifications.channels.webhook import WebhookSender

SENDERS: tuple[Sender, ...] = (
    EmailSender(),
    WebhookSender(),
)
