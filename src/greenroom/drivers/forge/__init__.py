"""Where the branches live, read with git alone: no forge's interface is needed."""

from greenroom.drivers.forge.gitrefs import GitForge

__all__ = ["GitForge"]
