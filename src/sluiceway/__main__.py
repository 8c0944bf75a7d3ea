"""`python -m sluiceway` is `sluice`."""

from sluiceway.cli.main import main

if __name__ == "__main__":
    main()
