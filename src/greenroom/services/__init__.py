"""One use case a file: what the commands do, in terms of domain nouns and doors.

A service knows no driver, no configuration file and no terminal; it receives doors and policies.
"""
