"""Keeping a registry: what lies there and why, what may go, and freeing the bytes."""
