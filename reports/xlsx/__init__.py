"""Write XLSX without a Python object per row.

Postgres writes the rows as XML (`cells`), parts keep them deflated (`frames`), and a `workbook` copies them
unchanged into its container (`archive`).
"""
