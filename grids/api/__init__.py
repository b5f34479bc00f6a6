"""The `grids/`, `links/`, `users/` and `imports/` parts of the API."""
