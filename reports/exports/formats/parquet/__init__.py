"""Write Parquet: encode parts, merge them into one file, write its footer."""
