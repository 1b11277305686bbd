"""Processes, clock, files, sockets: the only doors to the machine. Nothing here knows what a release is."""
