"""The Streamlit entry: the pages of `advisor.ui`, served with the cookie that keeps a browser's draft."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

import advisor.ui
from advisor.ui.cookie import DraftCookie

app = st.App(Path(advisor.ui.__file__).parent / "entry" / "script.py", middleware=[Middleware(DraftCookie)])
