"""The parts of a workbook. XlsxWriter makes all of it but the rows, which it takes as XML: cell by cell it
would be too slow for large tables."""
