"""The only doors to the outside: processes, the clock, files, the environment, http.

What stands here is small and general: nothing about releases, slots or Greenroom's own layout.
"""
