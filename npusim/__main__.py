"""`python -m npusim` is `npusim`."""

from npusim.cli import main

main()
