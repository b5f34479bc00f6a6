"""Store the verdicts of link checks."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from gridlink.lib.weburl import URL_LENGTH

DETAIL_LENGTH = 300


class Verdict(models.TextChoices):
    """Name the result of a link check."""

    OK = "ok", "The page is there"
    REDIRECTED = "redirected", "The page has moved for good"
    SLOW = "slow", "The page is there, but took long"
    TLS_EXPIRING = "tls_expiring", "The certificate expires within two weeks"
    TLS_EXPIRED = "tls_expired", "The certificate has expired"
    TLS_INVALID = "tls_invalid", "The certificate is not to be trusted"
    DENIED = "denied", "The server answers, but does not show the page to a checker"
    DEAD = "dead", "The page, or its whole host, is gone"
    TIMEOUT = "timeout", "There was no answer in time"
    BLOCKED = "blocked", "The address is not one that this server requests"


class LinkCheck(models.Model):
    """Store the latest verdict on a link; there is none before its first check.

    It is valid for the address whose key is `url_key`, and void once the link has another. `status` is null
    without a response, and so is `milliseconds`, which includes redirects.
    """

    link = models.OneToOneField(
        "grids.Link", on_delete=models.CASCADE, primary_key=True, related_name="last_check"
    )
    url_key = models.CharField(max_length=32, editable=False)
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    status = models.PositiveSmallIntegerField(null=True)
    final_url = models.CharField(max_length=URL_LENGTH, blank=True)
    moved_to = models.CharField(max_length=URL_LENGTH, blank=True)
    milliseconds = models.PositiveIntegerField(null=True)
    certificate_expires_on = models.DateTimeField(null=True)
    detail = models.CharField(max_length=DETAIL_LENGTH, blank=True)
    checked_on = models.DateTimeField()

    class Meta:
        db_table = "grids_link_check"
        constraints = [
            models.CheckConstraint(
                condition=Q(status__isnull=True) | Q(status__gte=100, status__lte=999),
                name="link_check_status",
            ),
            models.CheckConstraint(
                condition=~Q(verdict="redirected") | ~Q(moved_to=""),
                name="link_check_moved_somewhere",
            ),
        ]

    def __str__(self) -> str:
        return self.verdict
