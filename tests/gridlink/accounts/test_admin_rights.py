"""Test that staff of the admin cannot get rights that they lack, nor give them to others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client as Browser

from gridlink.accounts.models import User
from tests.support.client import PASSWORD
from tests.support.grids.checks import nothing_changes

pytestmark = pytest.mark.django_db

NEW = "another horse and another staple"
GRANTED = {"is_staff": "on", "is_superuser": "on"}


def account(name: str, **rights: bool) -> User:
    user = User(username=name, email=f"{name}@example.org", **rights)
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def clerk() -> Browser:
    """A browser of somebody who may do everything with accounts, groups and tokens, and nothing else."""
    user = account("clerk", is_staff=True)
    named = ("user", "group", "token")
    user.user_permissions.set(Permission.objects.filter(content_type__model__in=named))
    return signed_in("clerk")


@pytest.fixture
def everything() -> Group:
    """A group with all rights."""
    group = Group.objects.create(name="everything")
    group.permissions.set(Permission.objects.all())
    return group


def signed_in(name: str) -> Browser:
    browser = Browser()
    answer = browser.post("/admin/login/", {"username": name, "password": PASSWORD})
    assert answer.status_code == 302
    return browser


def form_of(user: User, **changes: Any) -> dict[str, Any]:
    """The admin's form of an account."""
    names = ("username", "display_name", "email", "time_zone", "week_start", "locale", "email_jobs")
    kept = {name: getattr(user, name) for name in names}
    return {**kept, "is_active": "on" if user.is_active else "", **changes}


def change(browser: Browser, user: User, **changes: Any) -> int:
    path = f"/admin/accounts/user/{user.pk}/change/"
    return browser.post(path, form_of(user, **changes)).status_code


def set_password(browser: Browser, user: User) -> int:
    form = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    return browser.post(f"/admin/accounts/user/{user.pk}/password/", form).status_code


def delete(browser: Browser, user: User) -> int:
    return browser.post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"}).status_code


def delete_with_others(browser: Browser, user: User) -> int:
    form = {"action": "delete_selected", "_selected_action": [user.pk], "post": "yes"}
    return browser.post("/admin/accounts/user/", form).status_code


def change_address(browser: Browser, user: User) -> int:
    return change(browser, user, email="clerk@example.org")


def deactivate(browser: Browser, user: User) -> int:
    return change(browser, user, is_active="")


def test_staff_changes_an_ordinary_account(clerk: Browser) -> None:
    user = account("ada")
    assert change(clerk, user, email="new@example.org") == 302
    assert set_password(clerk, user) == 302
    user.refresh_from_db()
    assert user.email == "new@example.org"
    assert user.check_password(NEW)
    assert delete(clerk, user) == 302
    assert not User.objects.filter(username="ada").exists()


def test_staff_gives_no_rights_to_others_or_themselves(clerk: Browser, everything: Group) -> None:
    account("ada")
    every = [permission.pk for permission in Permission.objects.all()]
    granted = {**GRANTED, "groups": [everything.pk], "user_permissions": every}
    for user in User.objects.all():
        rights = set(user.user_permissions.values_list("pk", flat=True))
        with nothing_changes():
            assert change(clerk, user, **granted) == 302
        assert not user.groups.exists()
        assert set(user.user_permissions.values_list("pk", flat=True)) == rights


def test_an_account_added_by_staff_has_no_rights(clerk: Browser, everything: Group) -> None:
    form = {"username": "eve", "usable_password": "true", "password1": NEW, "password2": NEW}
    added = clerk.post("/admin/accounts/user/add/", {**form, **GRANTED, "groups": [everything.pk]})
    assert added.status_code == 302
    user = User.objects.get(username="eve")
    assert (user.is_staff, user.is_superuser, user.groups.count()) == (False, False, 0)


@pytest.mark.parametrize(
    "attack", [change_address, deactivate, set_password, delete, delete_with_others]
)
@pytest.mark.parametrize("rights", ["superuser", "staff", "group", "permission"])
def test_staff_touches_no_account_that_has_rights(
    clerk: Browser, everything: Group, rights: str, attack: Callable[[Browser, User], int]
) -> None:
    flags = {"superuser": {"is_superuser": True, "is_staff": True}, "staff": {"is_staff": True}}
    victim = account("chief", **flags.get(rights, {}))
    if rights == "group":
        victim.groups.add(everything)
    if rights == "permission":
        victim.user_permissions.add(Permission.objects.all()[0])
    with nothing_changes():
        assert attack(clerk, victim) in (200, 403)
    assert User.objects.filter(pk=victim.pk).exists()


def test_staff_gives_no_rights_to_groups(clerk: Browser) -> None:
    group = Group.objects.create(name="mine")
    every = [permission.pk for permission in Permission.objects.all()]
    form = {"name": "mine", "permissions": every}
    assert clerk.post(f"/admin/auth/group/{group.pk}/change/", form).status_code == 403
    assert clerk.post("/admin/auth/group/add/", {**form, "name": "new"}).status_code == 403
    assert clerk.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"}).status_code == 403
    assert [(group.name, group.permissions.count()) for group in Group.objects.all()] == [
        ("mine", 0)
    ]


def test_a_superuser_gives_and_takes_rights(everything: Group) -> None:
    account("chief", is_staff=True, is_superuser=True)
    browser, user = signed_in("chief"), account("ada")
    assert change(browser, user, **GRANTED, groups=[everything.pk]) == 302
    user.refresh_from_db()
    assert (user.is_staff, user.is_superuser, user.groups.get()) == (True, True, everything)
    assert change(browser, user) == 302
    user.refresh_from_db()
    assert (user.is_staff, user.is_superuser, user.groups.count()) == (False, False, 0)
    form = {"name": "everyone", "permissions": []}
    assert browser.post(f"/admin/auth/group/{everything.pk}/change/", form).status_code == 302
