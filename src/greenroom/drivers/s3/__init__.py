"""S3: the embedded SeaweedFS server, and a bucket with a key of its own per environment."""
