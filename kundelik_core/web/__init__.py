"""Serve pages and the JSON API: the only floor that knows a request."""
