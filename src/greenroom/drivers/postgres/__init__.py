"""PostgreSQL: the embedded server's files and command line, databases and roles, the schema's heads."""
