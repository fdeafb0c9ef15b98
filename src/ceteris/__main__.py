"""`python -m ceteris` is `ceteris`."""

from ceteris.cli.application import main

if __name__ == "__main__":  # worker processes import this file too
    main()
