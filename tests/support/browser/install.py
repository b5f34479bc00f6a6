"""Install what pages are tested with: `python -m tests.support.browser.install`, or `make browser`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from gridlink.lib.npm import FetchError
from tests.support.browser.axe import AXE, PACKAGE, VERSION, fetch
from tests.support.browser.chromium import PROGRAMS, program


def main() -> None:
    """Install Chromium where apt-get can, and axe-core; end with a line to stderr if that fails."""
    browser = program() or _chromium()
    try:
        if not AXE.exists():
            fetch(AXE)
    except FetchError as error:
        sys.exit(str(error))
    sys.stdout.write(f"Pages are tested in {browser} with {PACKAGE} {VERSION}\n")


def _chromium() -> str:
    if shutil.which("apt-get") is None:
        sys.exit(f"Only on Debian is Chromium installed: install one of {', '.join(PROGRAMS)}.")
    superuser = [] if os.geteuid() == 0 else ["sudo"]
    for command in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        subprocess.run([*superuser, "apt-get", "--quiet", *command], check=False)
    return program() or sys.exit("apt-get did not install Chromium; the reason is above.")


if __name__ == "__main__":
    main()
