"""Management commands that check and repair clicks and exports."""
