"""What owners get back: exports now, clicks and reports built on the same rooms."""
