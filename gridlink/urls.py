"""Route every path of the web tier."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, register_converter
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from gridlink import health
from gridlink.lib.slugs import SlugConverter
from gridlink.web.styleguide import styleguide

register_converter(SlugConverter, "publicid")

api: list[URLPattern | URLResolver] = [
    path("", include("gridlink.accounts.api.urls")),
    path("", include("tasks.api.urls")),
    path("", include("grids.api.urls")),
    path("", include("reports.api.urls")),
]
docs = SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="gridlink/docs.html")
urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include(api)),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", docs, name="docs"),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", RedirectView.as_view(pattern_name="docs"), name="home"),
]
if settings.DEBUG:
    urlpatterns.append(path("styleguide/", styleguide, name="styleguide"))
handler400 = "gridlink.lib.rest.exceptions.bad_request"
handler404 = "gridlink.lib.rest.exceptions.not_found"
handler500 = "gridlink.lib.rest.exceptions.server_error"
