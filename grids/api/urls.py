"""Route `/api/v1/` to the views of grids, links, profiles and imports."""

from __future__ import annotations

from django.urls import path

from grids.api import checks, imports, profiles
from grids.api.grids import views as grids
from grids.api.links import bulk
from grids.api.links import views as links

urlpatterns = [
    path("grids/", grids.GridListView.as_view(), name="grid-list"),
    path("grids/<publicid:slug>/", grids.GridDetailView.as_view(), name="grid-detail"),
    path("grids/<publicid:slug>/restore/", grids.GridRestoreView.as_view(), name="grid-restore"),
    path("grids/<publicid:slug>/layout/", grids.GridLayoutView.as_view(), name="grid-layout"),
    path("grids/<publicid:slug>/links/", grids.GridLinksView.as_view(), name="grid-links"),
    path("grids/<publicid:slug>/checks/", checks.GridChecksView.as_view(), name="grid-checks"),
    path("links/", links.LinkListView.as_view(), name="link-list"),
    path("links/bulk/", bulk.LinkBulkView.as_view(), name="link-bulk"),
    path("links/checks/", checks.LinkChecksView.as_view(), name="link-checks"),
    path("links/metadata/", checks.LinkMetadataView.as_view(), name="link-metadata"),
    path("links/<publicid:slug>/", links.LinkDetailView.as_view(), name="link-detail"),
    path("links/<publicid:slug>/restore/", links.LinkRestoreView.as_view(), name="link-restore"),
    path("users/<str:username>/", profiles.ProfileView.as_view(), name="profile"),
    path("imports/", imports.ImportListView.as_view(), name="import-list"),
    path("imports/sources/", imports.ImportSourcesView.as_view(), name="import-sources"),
    path("imports/<publicid:slug>/apply/", imports.ImportApplyView.as_view(), name="import-apply"),
    path("imports/<publicid:slug>/undo/", imports.ImportUndoView.as_view(), name="import-undo"),
]
