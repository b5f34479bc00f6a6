"""The redirect tier: a process of its own that sends visitors on and has every click kept first."""
