"""E-mail of jobs' ends, read from a real mail server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from django.conf import settings as django_settings

from gridlink.accounts.models import User
from tasks.jobs import lifecycle
from tasks.jobs.lifecycle import Outcome, Progress
from tasks.models import Channel, Delivery, Job, JobFile
from tasks.notifications import dispatcher
from tasks.notifications.outbox import ATTEMPTS_MAX
from tasks.notifications.recipients import DeliveryRequest, as_json
from tasks.storage import object_store
from tests.support.client import Client, content
from tests.support.files import BODY, add_file
from tests.support.platform import claim_of, make_job, user_of
from tests.support.tasks.notifications import (
    deliver_all,
    ended,
    failed,
    mail_through,
    mailed,
    notification_of,
)
from tests.support.tasks.smtp import Mailbox, mail_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    with mail_server() as running:
        mail_through(running, settings)
        settings.DELIVERY_SECONDS = 5
        settings.PUBLIC_URL = "https://links.example.org"
        yield running


@pytest.fixture
def owner(alice: Client, mailbox: Mailbox) -> User:
    return mailed(user_of(alice))


def only() -> Delivery:
    return Delivery.objects.get()


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body
    text: str = body.get_content()
    return text


def links(message: EmailMessage) -> list[str]:
    return re.findall(r"https://links\.example\.org\S+/files/\S+", part(message, "plain"))


def with_files(owner: User, *names: str, attach: bool = False, **fields: Any) -> Job:
    """A job that succeeded with BODY as each file."""
    requests = as_json([DeliveryRequest(Channel.EMAIL, attach=attach)])
    job = make_job(owner, deliveries=requests, **fields)
    held = claim_of(job)
    for name in names:
        add_file(job, name)
    JobFile.objects.update(rows=1234)
    lifecycle.succeed(held, Outcome({"rows": 1234567}), [], Progress())
    job.refresh_from_db()
    return job


TEXT = b"a\nb\r\nc\xce\xa3"


def test_an_attachment_is_the_file_byte_by_byte(owner: User, mailbox: Mailbox) -> None:
    with_files(owner, "a.csv", attach=True)
    with object_store().sink(JobFile.objects.get().storage_key) as sink:
        sink.write(TEXT)
    JobFile.objects.update(content_type="text/csv; charset=utf-8")
    dispatcher.deliver()
    (file,) = mailbox.messages[0].iter_attachments()
    assert file["Content-Type"] == 'text/csv; charset="utf-8"'
    assert file.get_payload(decode=True) == TEXT


def test_a_message(owner: User, mailbox: Mailbox) -> None:
    job = with_files(owner, "links.csv")
    assert dispatcher.deliver() == 1
    (message,) = mailbox.messages
    delivery = only()
    assert mailbox.recipients == [["alice@example.org"]]
    assert (message["Subject"], message["To"]) == ("Work succeeded", "alice@example.org")
    assert message["From"] == "Gridlink <links@gridlink.test>"
    assert message["Message-ID"] == f"<{delivery.slug}@gridlink.test>"
    assert message["X-Gridlink-Event"] == notification_of(job).slug
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    text, html = part(message, "plain"), part(message, "html")
    for said in (job.slug, "1,234,567", "1,234 rows", "1,024 bytes", "links.csv"):
        assert said in text
        assert said in html
    assert (delivery.status, delivery.error) == ("delivered", "")


def test_its_links_work_without_a_token(owner: User, mailbox: Mailbox, settings: Any) -> None:
    settings.DOWNLOAD_URL_SECONDS = 1
    job = with_files(owner, "a.csv", "b.csv")
    dispatcher.deliver()
    (message,) = mailbox.messages
    found = links(message)
    assert len(found) == 2
    for url in found:
        answer = Client().get(url.removeprefix("https://links.example.org"))
        assert (answer.status_code, content(answer)) == (200, BODY)
        assert url.replace("&", "&amp;") in part(message, "html")
    expires = int(re.findall(r"expires=(\d+)", found[0])[0])
    assert expires == int(job.files.order_by("id")[0].expires_on.timestamp())
    # The owner can revoke them.
    JobFile.objects.update(generation=5)
    answer = Client().get(found[0].removeprefix("https://links.example.org"))
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("locale", "zone", "said"),
    [
        ("en", "UTC", ["1,234,567", "1,024 bytes", "UTC"]),
        ("de_AT", "Europe/Vienna", ["1.234.567", "MEZ"]),
        ("de", "Europe/Athens", ["1.234.567", "1.024 Byte", "OEZ"]),
        ("hi_IN", "Asia/Kolkata", ["12,34,567", "+0530"]),
    ],
)
def test_numbers_and_dates_are_the_readers(
    owner: User, mailbox: Mailbox, locale: str, zone: str, said: list[str]
) -> None:
    mailed(owner, locale=locale, time_zone=zone)
    with_files(owner, "a.csv")
    # Of a winter's day.
    notification = notification_of(Job.objects.get())
    notification.data["finished_on"] = "2026-01-15T22:30:00Z"
    notification.save()
    dispatcher.deliver()
    (message,) = mailbox.messages
    for text in said:
        assert text in part(message, "plain")
    assert "2026" in part(message, "plain")


def test_titles_are_data(owner: User, mailbox: Mailbox) -> None:
    title = 'x</title><b>"hi"&{{ 7|add:1 }}\r\nBcc: eve@example.org'
    failed(owner, "No <b>link</b>\nBcc: eve@example.org", params={"title": title})
    dispatcher.deliver()
    (message,) = mailbox.messages
    line = 'x</title><b>"hi"&{{ 7|add:1 }} Bcc: eve@example.org'
    assert message["Subject"].strip() == f"Work “{line}” failed"
    assert message["Bcc"] is None
    assert mailbox.recipients == [["alice@example.org"]]
    assert line in part(message, "plain")
    html = part(message, "html")
    assert "<b>" not in html
    assert "x&lt;/title&gt;&lt;b&gt;&quot;hi&quot;&amp;{{ 7|add:1 }}" in html
    assert "No &lt;b&gt;link&lt;/b&gt;" in html


def test_text_of_others_keeps_its_direction_and_dates_their_language(
    owner: User, mailbox: Mailbox
) -> None:
    mailed(owner, locale="fr_CH")
    with_files(owner, "שלום.csv", params={"title": "שלום"})
    dispatcher.deliver()
    html = part(mailbox.messages[0], "html")
    assert '<html lang="en">' in html
    assert re.search(r'<h1 dir="auto"[^>]*>[^<]*שלום', html)
    assert re.search(r'<a href="[^"]*" dir="auto">שלום\.csv</a>', html)
    assert '<td dir="auto">1\u202f234\u202f567</td>' in html
    assert re.search(r'until <bdi lang="fr-CH">[^<]*20\d\d[^<]*</bdi>,', html)


def test_files_are_attached_where_that_is_requested(owner: User, mailbox: Mailbox) -> None:
    with_files(owner, "a.csv", "Σ b.csv", attach=True)
    dispatcher.deliver()
    (message,) = mailbox.messages
    attached = list(message.iter_attachments())
    assert [(file.get_filename(), file.get_content_type()) for file in attached] == [
        ("a.csv", "text/csv"), ("Σ b.csv", "text/csv"),
    ]  # fmt: skip
    assert [file.get_payload(decode=True) for file in attached] == [BODY, BODY]
    assert links(message) == []
    assert "attached" in part(message, "plain")


def test_large_files_are_links(owner: User, mailbox: Mailbox, settings: Any) -> None:
    settings.EMAIL_ATTACH_BYTES = 2 * len(BODY) - 1
    with_files(owner, "a.csv", "b.csv", attach=True)
    dispatcher.deliver()
    (message,) = mailbox.messages
    assert list(message.iter_attachments()) == []
    assert len(links(message)) == 2
    settings.EMAIL_ATTACH_BYTES = 2 * len(BODY)
    with_files(owner, "a.csv", "b.csv", attach=True)
    dispatcher.deliver()
    assert len(list(mailbox.messages[1].iter_attachments())) == 2


def test_a_storage_that_is_away_is_waited_for(owner: User, mailbox: Mailbox, storage: Any) -> None:
    with_files(owner, "a.csv", attach=True)
    away = storage.rename(storage.with_name("away"))
    deliver_all()
    assert (only().status, only().error) == ("waiting", "The files cannot be read just now.")
    assert mailbox.raw == []
    away.rename(storage)
    deliver_all()
    assert only().status == "delivered"
    assert len(list(mailbox.messages[0].iter_attachments())) == 1


def test_what_is_gone_when_it_is_sent_is_left_out(owner: User, mailbox: Mailbox) -> None:
    job = with_files(owner, "a.csv", "b.csv", attach=True)
    JobFile.objects.filter(job=job, name="a.csv").update(deleted_on=job.created_on)
    dispatcher.deliver()
    (file,) = mailbox.messages[0].iter_attachments()
    assert file.get_filename() == "b.csv"


def test_a_server_that_is_down_is_tried_again(owner: User, settings: Any) -> None:
    mailbox = Mailbox(0)
    with mail_server() as first:
        mailbox = first
    mail_through(mailbox, settings)
    ended(owner)
    deliver_all(rounds=2)
    delivery = only()
    assert (delivery.status, delivery.attempts) == ("waiting", 2)
    assert (delivery.code, delivery.error) == (None, "The mail server cannot be reached.")
    with mail_server(mailbox):
        deliver_all()
    delivery = only()
    assert (delivery.status, delivery.attempts, delivery.error) == ("delivered", 3, "")
    (message,) = mailbox.messages
    assert message["Message-ID"] == f"<{delivery.slug}@gridlink.test>"


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [("550 No such user", "given_up", 550), ("451 Try later", "waiting", 451)],
)
def test_a_refused_recipient(
    owner: User, mailbox: Mailbox, refusal: str, status: str, code: int
) -> None:
    mailbox.refusals["alice@example.org"] = refusal
    ended(owner)
    dispatcher.deliver()
    delivery = only()
    assert (delivery.status, delivery.code) == (status, code)
    assert delivery.answer == refusal[4:]
    assert delivery.error == "The mail server refused the message."
    assert mailbox.raw == []
    mailbox.refusals.clear()
    assert deliver_all() == (1 if status == "waiting" else 0)


@pytest.mark.parametrize(("refusal", "status"), [("554 Spam", "given_up"), ("452 Full", "waiting")])
def test_a_refused_message(owner: User, mailbox: Mailbox, refusal: str, status: str) -> None:
    mailbox.refuses_data = refusal
    ended(owner)
    dispatcher.deliver()
    assert (only().status, only().answer) == (status, refusal[4:])


def test_a_server_that_refuses_us_is_set_up_wrongly(
    owner: User, mailbox: Mailbox, settings: Any
) -> None:
    settings.EMAIL_SERVER = {**settings.EMAIL_SERVER, "use_tls": True}
    ended(owner)
    dispatcher.deliver()
    assert (only().status, only().error) == ("waiting", "The mail server did not take the message.")
    assert mailbox.raw == []


def test_it_goes_where_the_owner_is_now(owner: User, mailbox: Mailbox) -> None:
    ended(owner)
    mailed(owner, email="new@example.org")
    dispatcher.deliver()
    assert mailbox.recipients == [["new@example.org"]]


@pytest.mark.parametrize("change", [{"email": ""}, {"is_active": False}])
def test_nobody_to_send_it_to(owner: User, mailbox: Mailbox, change: dict[str, Any]) -> None:
    ended(owner)
    mailed(owner, **change)
    dispatcher.deliver()
    assert (only().status, only().error) == ("given_up", "The account has no e-mail address.")
    assert mailbox.raw == []


def test_mail_that_was_switched_off_meanwhile(owner: User, mailbox: Mailbox, settings: Any) -> None:
    ended(owner)
    settings.EMAIL_SERVER = {}
    dispatcher.deliver()
    assert (only().status, only().error) == ("given_up", "E-mail is off on this server.")


def test_one_users_mails_go_one_after_another(owner: User, mailbox: Mailbox) -> None:
    for _ in range(5):
        ended(owner)
    assert dispatcher.deliver() == 5
    assert len({message["Message-ID"] for message in mailbox.messages}) == 5
    assert django_settings.EMAIL_SERVER["port"] == mailbox.port


def test_a_server_that_goes_on_for_ever_is_broken_off(
    owner: User, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of its answers comes in time, but all of them together do not."""
    monkeypatch.setattr(
        "tasks.notifications.channels.email.attempt_timeout", lambda: timedelta(seconds=0.3)
    )
    mailbox.pause = 0.25
    with_files(owner, "a.csv")
    assert dispatcher.deliver() == 1
    assert (only().status, only().attempts) == ("waiting", 1)
    assert only().error in (
        "The mail server cannot be reached.",
        "The mail server did not take the message.",
        "The mail server refused the message.",
    )
    assert mailbox.messages == []
    mailbox.pause = 0
    assert deliver_all() == 1
    assert only().status == "delivered"
    assert len(mailbox.messages) == 1


def test_no_try_comes_to_an_end(owner: User, mailbox: Mailbox) -> None:
    with_files(owner, "a.csv")
    Delivery.objects.update(attempts=ATTEMPTS_MAX)
    dispatcher.deliver()
    assert (only().status, mailbox.messages) == ("given_up", [])
    assert only().error == "It was tried too often, and no attempt came to an end."


def test_only_so_many_to_one_account(owner: User, mailbox: Mailbox, settings: Any) -> None:
    settings.EMAILS_PER_ACCOUNT = (2, 600.0)
    for _ in range(3):
        with_files(owner, "a.csv")
        dispatcher.deliver()
    assert len(mailbox.messages) == 2
    last = Delivery.objects.get(status="waiting")
    assert last.error == "The account was sent too many e-mails lately; this one waits."
