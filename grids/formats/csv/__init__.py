"""Read CSV files of links: find the header, choose the columns, read the rows."""
