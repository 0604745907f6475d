"""What Streamlit runs; in a folder of its own, since it takes a folder `pages` beside its script for pages."""
