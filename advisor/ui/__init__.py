"""The browser app: pages and widgets over answers, advice and reports. No arithmetic and no advice of its own."""


def prepare() -> None:
    """Makes what every session needs, so that the first one finds it; what cannot be made is told to the session."""
    import contextlib
    import gc
    import inspect

    from advisor.errors import AdvisorError

    gc.set_threshold(100_000)  # what is made here is kept, and Streamlit collects after every run anyway
    from advisor.ui import keeping, knowledge, shell  # noqa: F401 - imported so that the first run need not

    with contextlib.suppress(AdvisorError):
        knowledge.readers_of(knowledge.shipped_engine().book)
    keeping.open_store()
    inspect.stack()  # the first element of a process makes Python look up every module's file: here nobody waits
    gc.collect()
    gc.freeze()  # Streamlit collects garbage after every run; rules and modules stay, and need not be looked at again


def main() -> None:
    """Draws the page that the browser asks for; called once per run of the Streamlit script."""
    from advisor.ui.shell import run

    run()
