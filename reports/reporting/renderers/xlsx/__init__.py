"""Render reports as workbooks: rows as XML, since XlsxWriter's cells are too slow."""
