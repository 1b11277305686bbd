"""The same doors on a Kubernetes cluster: Helm applies, the API server is asked over plain HTTP."""
