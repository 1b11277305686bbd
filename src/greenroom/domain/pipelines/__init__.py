"""GitLab's pipelines: the one that a project's rules ask for, what a pipeline does for a ref, and what is wrong with one."""
