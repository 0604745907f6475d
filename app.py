"""The Streamlit entry: the pages of `advisor.ui`, served with the cookie that keeps a browser's draft."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

import advisor.ui
from advisor.ui.cookie import DraftCookie


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Reads rules and opens the store while the first browser is still fetching the page."""
    threading.Thread(target=advisor.ui.prepare, daemon=True).start()
    yield


app = st.App(
    Path(advisor.ui.__file__).parent / "entry" / "script.py", middleware=[Middleware(DraftCookie)], lifespan=lifespan
)
