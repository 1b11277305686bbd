"""One folder a foreign thing. Folders do not know each other; only ``system`` serves all of them."""
