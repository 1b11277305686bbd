"""Entry point for any WSGI server: `wsgi:app`."""

from shop import create_app

app = create_app()
