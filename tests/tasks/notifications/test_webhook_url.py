"""Test which URLs webhooks may have before any name is resolved."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from gridlink.lib.weburl import BadUrl
from tasks.models import WebhookEndpoint
from tasks.notifications.channels.webhook_url import check_webhook_url
from tests.support.client import Client

INSIDE = "The address leads into a network that is not public."
REFUSED = [
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0177.1:8000/hook",
    "http://127.1/",
    "http://127.0.0.1./",
    "http://１２７.0.0.1/",
    "http://0/",
    "http://[::ffff:10.0.0.1]/",
    "http://localhost./",
    "http://LOCALHOST/",
    "http://ｌｏｃａｌｈｏｓｔ/",
    "http://x.localhost/",
    "http://1.2.3.4.5/",
    "http://256.1.1.1/",
]


@pytest.mark.parametrize("url", REFUSED)
def test_no_spelling_of_an_inner_address_is_taken(settings: Any, url: str) -> None:
    settings.OUTBOUND_ALLOW = ()
    with pytest.raises(BadUrl, match=INSIDE):
        check_webhook_url(url)


@pytest.mark.parametrize(
    "url", ["https://a.example/", "http://8.8.8.8/", "https://bücher.example/"]
)
def test_others_are_taken(settings: Any, url: str) -> None:
    settings.OUTBOUND_ALLOW = ()
    assert check_webhook_url(f" {url}") == url


def test_what_the_operator_allows(settings: Any) -> None:
    settings.OUTBOUND_ALLOW = (ip_network("127.0.0.0/8"),)
    assert check_webhook_url("http://0x7f.1/") == "http://0x7f.1/"
    with pytest.raises(BadUrl):
        check_webhook_url("http://10.1/")


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["http://2130706433/", "http://a\\@127.0.0.1/", "http://a@b@c/"])
def test_refused_at_once(alice: Client, settings: Any, url: str) -> None:
    settings.OUTBOUND_ALLOW = ()
    answer = alice.post("webhooks/", {"url": url})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["url"])
    assert not WebhookEndpoint.objects.exists()
