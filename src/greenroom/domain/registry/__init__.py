"""What lies in a registry: which of it is needed and why, what may go, and in which steps."""
