"""Write an account with its clicks and rollups to one file, and restore it.

`tables` define its content, `writer` writes it, `reader` trusts nothing of it, `restore` puts it into an
account of this or another instance, `compare` and `verify` check it without a database.
"""
