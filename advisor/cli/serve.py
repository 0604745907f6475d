"""The commands `app` and `worker`: the browser app, and the process that runs its benchmarks."""

from __future__ import annotations

import ipaddress
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from advisor import locate
from advisor.cli import say
from advisor.errors import InputError, MissingExtra, Problem

UPLOAD_MB = 50
SECRETS = Path(".streamlit/secrets.toml")
NEEDED = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")


def app_command(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port on this machine.")] = 8501,
    address: Annotated[str, typer.Option("--address", help="Address to serve on.")] = "localhost",
    insecure: Annotated[bool, typer.Option("--insecure", help="Serve other machines without sign-in.")] = False,
) -> None:
    """Starts the browser app on this machine."""
    import importlib.util

    if importlib.util.find_spec("streamlit") is None:
        raise MissingExtra("app", "The browser app")
    if not loopback(address) and not insecure and not sign_in_configured():
        remedy = f"write the section [auth] of {SECRETS} (docs/deploy.md), or say --insecure"
        raise InputError([Problem("--address", "", repr(address), "localhost, where there is no sign-in", remedy)])
    command = [sys.executable, "-m", "streamlit", "run", str(locate.app_script())]
    say([f"serving on http://{address}:{port} (stop with Ctrl-C)"])
    settings = {
        "STREAMLIT_SERVER_PORT": str(port),
        "STREAMLIT_SERVER_ADDRESS": address,
        "STREAMLIT_SERVER_HEADLESS": "true",
        "STREAMLIT_SERVER_MAX_UPLOAD_SIZE": str(UPLOAD_MB),
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
        "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
        "STREAMLIT_CLIENT_TOOLBAR_MODE": "minimal",
    }
    if not loopback(address) or sign_in_configured():
        settings["STREAMLIT_CLIENT_SHOW_ERROR_DETAILS"] = "none"  # paths and values are for the log
    raise typer.Exit(subprocess.call(command, env={**os.environ, **settings}))


def loopback(address: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def sign_in_configured() -> bool:
    """Whether Streamlit's secrets, here or in the home folder, have a section for sign-in with all that it needs."""
    import tomllib

    for path in (SECRETS, Path.home() / SECRETS):
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8")).get("auth")
        except (OSError, ValueError):
            continue
        if isinstance(found, dict) and all(found.get(name) for name in NEEDED):
            return True
    return False


def worker_command(
    job: Annotated[str | None, typer.Option("--job", help="Only this job, then stop.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Stop when no job waits.")] = False,
) -> None:
    """Runs the benchmarks that the browser app was asked for, one after the other."""
    from advisor.store import Store
    from advisor.store.worker import work

    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    store = Store.open()
    say([f"worker on {store.describe()}"])
    count = work(store, only=job, once=once, stop=stop)
    say([f"{count} jobs done"])
