"""Pipelines as files: YAML, and the folder that they lie in."""
