"""Nouns and decisions.

Standard library only, and of it nothing that touches the world: no clock, no files, no processes, no sockets.
Everything here is a frozen dataclass or a pure function of its arguments.
"""
