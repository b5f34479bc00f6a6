"""Record clicks, and make analytics, exports and reports of them."""
