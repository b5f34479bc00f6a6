"""File formats of exports: one module or package each."""
