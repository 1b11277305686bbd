"""What the shop does, without a word about HTTP."""
