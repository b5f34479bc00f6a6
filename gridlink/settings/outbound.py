"""Limit requests to addresses that users name: link checks, metadata and webhooks."""

from __future__ import annotations

from gridlink.env import env_int, env_list
from gridlink.lib.outbound.addresses import networks_of, ports_of

# Private networks that may be reached nevertheless, for a Gridlink on an intranet.
OUTBOUND_ALLOW = networks_of("OUTBOUND_ALLOW", env_list("OUTBOUND_ALLOW", []))
OUTBOUND_PORTS = ports_of("OUTBOUND_PORTS", env_list("OUTBOUND_PORTS", ["80", "443"]))
LINK_CHECKS_AT_ONCE = env_int("LINK_CHECKS_AT_ONCE", 16, minimum=1)
LINK_CHECK_SECONDS = env_int("LINK_CHECK_SECONDS", 10, minimum=1)
LINK_SLOW_SECONDS = env_int("LINK_SLOW_SECONDS", 3, minimum=1)
# A token bucket: burst, and the seconds until one more is allowed.
METADATA_PER_ACCOUNT = (env_int("METADATA_PER_ACCOUNT", 20, minimum=1), 3.0)
