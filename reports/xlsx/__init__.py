"""XLSX without a Python object per row: Postgres writes the rows (`cells`), parts keep them packed
(`frames`), and a workbook takes them over as they are (`workbook`, in the container of `archive`)."""
