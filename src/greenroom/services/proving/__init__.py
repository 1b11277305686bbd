"""Prove it: real requests through real deploys, failures and kills, and a count of what is lost."""

from greenroom.services.proving.course import Course, Plant
from greenroom.services.proving.proof import Chapter, Kill, Proof
from greenroom.services.proving.running import prove

__all__ = ["Chapter", "Course", "Kill", "Plant", "Proof", "prove"]
