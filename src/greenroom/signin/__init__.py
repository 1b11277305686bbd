"""The sign-in service: a small Flask app behind the edge, in front of what is private.

It knows the project only from files below the state folder, reads them anew when they change, and is never restarted
for a new environment.
"""
