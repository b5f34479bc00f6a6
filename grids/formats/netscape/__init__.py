"""Read Netscape bookmark files tolerantly, and write them."""
