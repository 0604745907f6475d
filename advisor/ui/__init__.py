"""The browser app: pages and widgets over answers, advice and reports. No arithmetic and no advice of its own."""


def main() -> None:
    """Draws the page that the browser asks for; called once per run of the Streamlit script."""
    from advisor.ui.shell import run

    run()
