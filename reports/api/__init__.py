"""REST endpoints for exports, analytics and reports."""
