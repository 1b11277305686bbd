"""Move what runs on a cluster to another one: take it along, make it there, compare the two."""
