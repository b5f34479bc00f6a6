"""Grids and links: the pages people make, their layout, and what is read into them."""
