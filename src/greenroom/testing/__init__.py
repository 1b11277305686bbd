"""Public fakes of whole foreign things, for tests of Greenroom and of what is built upon it.

``machine``: a seeded machine in memory, on which the local target's own code runs, is killed, and loses power.
"""
