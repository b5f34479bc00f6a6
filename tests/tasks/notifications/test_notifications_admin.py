"""Test the admin: it shows notifications and deliveries, and no secret."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from tasks.models import Delivery, Notification, WebhookEndpoint
from tests.support.client import Client
from tests.support.platform import user_of
from tests.support.tasks.notifications import add_webhook, ended

MODELS = [Notification, WebhookEndpoint, Delivery]


@pytest.mark.parametrize("model", MODELS)
def test_its_pages(alice: Client, model: Any) -> None:
    owner = user_of(alice)
    owner.is_staff = owner.is_superuser = True
    owner.save()
    endpoint, _ = add_webhook(alice, "https://hooks.example.org/x")
    ended(owner)
    browser = Browser()
    browser.force_login(owner)
    name = f"admin:tasks_{model._meta.model_name}"
    assert browser.get(reverse(f"{name}_changelist")).status_code == 200
    page = browser.get(reverse(f"{name}_change", args=[model.objects.get().pk]))
    assert page.status_code == 200
    assert endpoint.secret not in page.content.decode()
