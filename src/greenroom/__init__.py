"""Greenroom takes a Python web monolith from ``flask run`` to production and keeps it there."""

__version__ = "0.1.0"
