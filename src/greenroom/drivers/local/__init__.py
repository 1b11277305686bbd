"""One machine, no root, no docker: supervisor, edge, slots, jobs.

``layout`` says where things are, ``units`` what should run; the supervisor makes it so. Doors write unit files and
links and wait until the effect is there; they start no lasting process themselves.
"""
