"""The team's GitLab, by its REST API."""

from greenroom.drivers.gitlab.board import GitLabBoard, Job
from greenroom.drivers.gitlab.client import Client, Where
from greenroom.drivers.gitlab.examining import GitLabExaminer
from greenroom.drivers.gitlab.forge import GitLabForge

__all__ = ["Client", "GitLabBoard", "GitLabExaminer", "GitLabForge", "Job", "Where"]
