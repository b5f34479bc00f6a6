"""Route `/api/v1/` to the views of accounts and tokens."""

from __future__ import annotations

from django.urls import path

from gridlink.accounts.api import schema, views  # noqa: F401  (schema registers itself)

urlpatterns = [
    path("auth/register/", views.RegisterView.as_view(), name="register"),
    path("auth/token/", views.TokenView.as_view(), name="token"),
    path("auth/tokens/", views.TokenListView.as_view(), name="token-list"),
    path("auth/tokens/current/", views.CurrentTokenView.as_view(), name="token-current"),
    path("auth/tokens/<publicid:slug>/", views.TokenDetailView.as_view(), name="token-detail"),
    path("account/", views.AccountView.as_view(), name="account"),
    path("account/password/", views.PasswordView.as_view(), name="account-password"),
]
