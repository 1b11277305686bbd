"""Moving what runs on a cluster to another: what is taken along, in which shape, and whether it is the same afterwards."""
