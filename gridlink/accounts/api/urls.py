"""Route `/api/v1/auth/`."""

from __future__ import annotations

from django.urls import path

from gridlink.accounts.api import schema, views  # noqa: F401  (schema registers itself)

urlpatterns = [
    path("register/", views.RegisterView.as_view(), name="register"),
    path("token/", views.TokenView.as_view(), name="token"),
    path("tokens/", views.TokenListView.as_view(), name="token-list"),
    path("tokens/current/", views.CurrentTokenView.as_view(), name="token-current"),
    path("tokens/<publicid:slug>/", views.TokenDetailView.as_view(), name="token-detail"),
]
