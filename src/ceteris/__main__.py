"""`python -m ceteris` is `ceteris`."""

import sys

import ceteris

if __name__ == "__main__":  # worker processes import this file too
    # Python looks for modules first where the user is, and a `signal.py` there would take the place of its own.
    folder = "" if sys.flags.safe_path else sys.path.pop(0)
    if folder and str(ceteris.__file__).startswith(folder):
        sys.path.append(folder)  # not installed: ceteris itself lies there

    from ceteris.cli.application import main

    main()
