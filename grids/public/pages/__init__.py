"""Make what visitors see: grids, profiles, feeds, QR codes and the site map."""
