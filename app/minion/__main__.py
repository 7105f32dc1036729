"""`python -m minion`."""

from minion.cli import main

main()
