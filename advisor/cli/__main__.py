"""`python -m advisor.cli` is the command `advisor`."""

from advisor.cli import main

main()
