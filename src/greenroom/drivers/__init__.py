"""Foreign things, one folder each: git and package installers, processes, databases, the edge.

A driver speaks the domain's nouns and translates foreign errors into GreenroomError. Drivers do not know each other;
all may use ``system``. They meet services only in the wiring.
"""
