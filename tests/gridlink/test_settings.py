"""Test that the settings are complete, and work without development tools."""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest

from gridlink import settings as gathered
from tests.support.processes import ROOT

MODULES = [module.name for module in pkgutil.iter_modules(gathered.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_every_setting_of_a_module_is_imported_by_the_package(name: str) -> None:
    module = vars(import_module(f"gridlink.settings.{name}"))
    defined = {setting for setting in module if setting.isupper() and not setting.startswith("_")}
    assert {setting for setting in defined if not hasattr(gathered, setting)} == set()


def test_all_modules_are_checked() -> None:
    assert set(MODULES) >= {"base", "broker", "clicks", "jobs", "mail", "outbound", "reports"}


BLOCKED = """
import importlib.util, sys
tools = {"django_linear_migrations", "django_stubs_ext", "honcho"}
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in tools else find(name, *rest)
sys.modules.update(dict.fromkeys(tools))
import django
django.setup()
import gridlink.run, gridlink.urls
from django.conf import settings
print("django_linear_migrations" in settings.INSTALLED_APPS)
"""


def test_the_product_runs_without_development_tools() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "gridlink.settings"}
    command = [sys.executable, "-c", BLOCKED]
    assert subprocess.check_output(command, cwd=ROOT, env=environment, text=True) == "False\n"


def test_a_deployment_with_https_passes_djangos_checks() -> None:
    run = check_deployment("https://go.example.org", "https://app.example.org")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout == "System check identified no issues (2 silenced).\n"


def test_pages_that_share_a_host_with_the_app_are_warned_of() -> None:
    run = check_deployment("https://example.org:8001", "https://example.org")
    assert run.returncode == 1
    assert "(gridlink.W002) LINK_BASE_URL and PUBLIC_URL have the same host" in run.stderr


def check_deployment(pages: str, app: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "HTTPS": "true",
        "SECRET_KEY": "0123456789abcdef" * 4,
        "LINK_BASE_URL": pages,
        "PUBLIC_URL": app,
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_https_is_off_unless_a_proxy_terminates_it(monkeypatch: pytest.MonkeyPatch) -> None:
    show = (
        "from gridlink import settings as s; print(s.SECURE_PROXY_SSL_HEADER,"
        " s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS)"
    )
    shown = {}
    for value in ("false", "true"):
        monkeypatch.setenv("HTTPS", value)
        shown[value] = subprocess.check_output([sys.executable, "-c", show], cwd=ROOT, text=True)
    assert shown == {
        "false": "None False False 0\n",
        "true": "('HTTP_X_FORWARDED_PROTO', 'https') True True 31536000\n",
    }
