"""The script that Streamlit runs for every page: draws the page and does nothing else."""

from advisor.ui import main

main()
