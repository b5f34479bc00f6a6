"""Routes under `/api/v1/webhooks/`."""

from __future__ import annotations

from django.urls import path

from tasks.api import webhooks

urlpatterns = [
    path("", webhooks.WebhookListView.as_view(), name="webhook-list"),
    path("<publicid:slug>/", webhooks.WebhookDetailView.as_view(), name="webhook-detail"),
    path("<publicid:slug>/rotate/", webhooks.WebhookRotateView.as_view(), name="webhook-rotate"),
    path("<publicid:slug>/test/", webhooks.WebhookTestView.as_view(), name="webhook-test"),
    path(
        "<publicid:slug>/deliveries/",
        webhooks.WebhookDeliveriesView.as_view(),
        name="webhook-deliveries",
    ),
    path(
        "<publicid:slug>/deliveries/<publicid:delivery>/replay/",
        webhooks.DeliveryReplayView.as_view(),
        name="delivery-replay",
    ),
]
