"""`python -m gatecast` is the command line."""

from gatecast.cli import main

if __name__ == "__main__":
    main()
