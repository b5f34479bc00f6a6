"""Write grids and links."""
