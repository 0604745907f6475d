"""The Streamlit entry script: calls the pages of `advisor.ui` and does nothing else."""

from advisor.ui import main

main()
