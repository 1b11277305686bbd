"""The Helm chart: packaged, exported, rendered."""
