"""The search for garbage, which is not to go through what stays for good."""

from __future__ import annotations

import gc


def spare_what_is_loaded(**_: object) -> None:
    """To be called once a process has loaded what it works with; takes what a signal sends.

    To look through all of that again and again for cycles would make every so many visitors, requests or jobs
    wait for 50 ms and more; what they leave behind is freed by its reference counts.
    """
    gc.collect()
    gc.freeze()
