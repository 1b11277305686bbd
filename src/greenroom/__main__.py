"""``python -m greenroom``."""

from greenroom.cli.main import main

if __name__ == "__main__":
    main()
