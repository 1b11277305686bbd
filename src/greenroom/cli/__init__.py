"""The command line. A command reads its options, calls one service, and shows what came of it."""
