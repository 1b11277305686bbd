"""History: an append-only, hash-chained ledger in SQLite."""
