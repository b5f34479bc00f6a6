"""Write the file formats of exports: one module or package each."""
