"""Run a mail server that keeps what it is sent and rejects on demand."""

from __future__ import annotations

import asyncio
import email
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

from tests.support.processes import free_port


@dataclass
class Mailbox:
    """What came in, in order, as it came in. `refusals` are answers by recipient, such as
    `550 Unknown`; `refuses_data` is one to any message."""

    port: int
    raw: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    refuses_data: str = ""
    # Seconds before each answer.
    pause: float = 0

    @property
    def url(self) -> str:
        """As EMAIL_URL names the server."""
        return f"smtp://127.0.0.1:{self.port}?tls=none"

    @property
    def messages(self) -> list[EmailMessage]:
        """The messages, parsed."""
        return [email.message_from_bytes(raw, policy=default) for raw in self.raw]

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Refuse or take a recipient."""
        await asyncio.sleep(self.pause)
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Keep a message."""
        await asyncio.sleep(self.pause)
        if self.refuses_data:
            return self.refuses_data
        self.raw.append(envelope.content)
        self.recipients.append(envelope.rcpt_tos)
        return "250 OK"


@contextmanager
def mail_server(mailbox: Mailbox | None = None) -> Iterator[Mailbox]:
    """A server until the block ends; with the mailbox of an earlier one it is that one, up again."""
    mailbox = mailbox or Mailbox(free_port())
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
