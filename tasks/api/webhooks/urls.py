"""Route `/api/v1/webhooks/`."""

from __future__ import annotations

from django.urls import path

from tasks.api.webhooks import views

urlpatterns = [
    path("", views.WebhookListView.as_view(), name="webhook-list"),
    path("<publicid:slug>/", views.WebhookDetailView.as_view(), name="webhook-detail"),
    path("<publicid:slug>/rotate/", views.WebhookRotateView.as_view(), name="webhook-rotate"),
    path("<publicid:slug>/test/", views.WebhookTestView.as_view(), name="webhook-test"),
    path(
        "<publicid:slug>/deliveries/",
        views.WebhookDeliveriesView.as_view(),
        name="webhook-deliveries",
    ),
    path(
        "<publicid:slug>/deliveries/<publicid:delivery>/replay/",
        views.DeliveryReplayView.as_view(),
        name="delivery-replay",
    ),
]
