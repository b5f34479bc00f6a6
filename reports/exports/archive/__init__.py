"""An account as one file, to keep or to move: everything of it, clicks and sums included.

`tables` say what is in it, `writer` writes it, `reader` trusts nothing of it, `restore` puts it into an
account of this or another instance, `compare` and `verify` judge it without a database.
"""
