"""Define users, their API tokens and the token buckets of throttling."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from gridlink.lib.models import Record
from gridlink.lib.slugs import SLUG_LENGTH, new_slug

new_user_slug = partial(new_slug, "us")
new_token_slug = partial(new_slug, "tk")

username_validator = RegexValidator(
    r"\A[a-z0-9][a-z0-9_-]{1,31}\Z",
    "Use 2 to 32 lower-case letters, digits, hyphens and underscores, a letter or digit first.",
)


class Scope(models.TextChoices):
    """List what a token may do; each scope includes the ones before it."""

    READ = "read", "Read everything of the account"
    WRITE = "write", "Change grids and links, start jobs"
    ADMIN = "admin", "List and revoke tokens"


class WeekStart(models.TextChoices):
    """List the days that a week can begin with."""

    MONDAY = "monday", "Monday"
    SUNDAY = "sunday", "Sunday"


class JobMail(models.TextChoices):
    """List which finished jobs are reported by e-mail."""

    NONE = "none", "None"
    FAILED = "failed", "Those that failed"
    ALL = "all", "All"


class User(AbstractUser, Record):
    """Represent a user, who owns grids."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    date_joined = None  # type: ignore[assignment]

    slug = models.CharField(max_length=SLUG_LENGTH, editable=False, default=new_user_slug)
    username = models.CharField(max_length=32, unique=True, validators=[username_validator])
    display_name = models.CharField(max_length=100, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC", db_default="UTC")
    week_start = models.CharField(
        max_length=6,
        choices=WeekStart.choices,
        default=WeekStart.MONDAY,
        db_default=WeekStart.MONDAY,
    )
    # As Babel writes it, such as de_AT or zh_Hans_CN.
    locale = models.CharField(max_length=32, default="en", db_default="en")
    email_jobs = models.CharField(
        max_length=6, choices=JobMail.choices, default=JobMail.NONE, db_default=JobMail.NONE
    )

    class Meta:
        db_table = "accounts_user"
        constraints = [models.UniqueConstraint(fields=["slug"], name="user_slug_once")]

    def set_unusable_password(self) -> None:
        """Forbid to log in; a change of the password, which `save` then announces."""
        super().set_unusable_password()
        self._password = ""

    def get_full_name(self) -> str:
        """Return the display name, or else the username."""
        return self.display_name or self.username

    def get_short_name(self) -> str:
        """Return the full name: users have only one."""
        return self.get_full_name()


class Token(Record):
    """Represent a key to the API, stored only as its digest."""

    slug = models.CharField(max_length=SLUG_LENGTH, editable=False, default=new_token_slug)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens", db_index=False)
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices))
    expires_on = models.DateTimeField()
    last_used_on = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "accounts_token"
        constraints = [models.UniqueConstraint(fields=["slug"], name="token_slug_once")]
        indexes = [models.Index("user", "created_on", "id", name="token_user_created")]

    def __str__(self) -> str:
        return f"{self.name} ({self.slug})"

    def allows(self, scope: Scope) -> bool:
        """Check whether one of the token's scopes is or includes `scope`."""
        ranks = {str(value): rank for rank, value in enumerate(Scope.values)}
        return any(ranks[held] >= ranks[scope] for held in self.scopes)

    def is_expired(self, now: datetime | None = None) -> bool:
        """Check whether the token has expired."""
        return self.expires_on <= (now or timezone.now())


class ThrottleBucket(models.Model):
    """Represent a token bucket, in which `tokens` were left at `filled_on`.

    It is stored in PostgreSQL so that limits hold without Redis and across any number of processes.
    """

    key = models.CharField(max_length=64, primary_key=True)
    tokens = models.FloatField()
    filled_on = models.DateTimeField()

    class Meta:
        db_table = "accounts_throttle_bucket"

    def __str__(self) -> str:
        return self.key
