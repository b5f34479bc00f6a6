"""What `manage.py` can do with clicks."""
