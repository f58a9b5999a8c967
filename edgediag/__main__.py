"""`python -m edgediag` is the command edgediag."""

from edgediag.cli import main

if __name__ == "__main__":
    main()
