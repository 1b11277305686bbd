"""How events and answers look: live in a terminal, as plain lines, as JSON lines."""
