"""Environments as a whole: make, list, extend, put to sleep, sweep, remove."""
