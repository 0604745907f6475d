"""For whom a report is and in whose name: its depth and the look of a house, kept for the session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import streamlit as st
import yaml

from advisor.errors import InputError, Problem
from advisor.language import message, say
from advisor.reports.branding import LENGTHS, LOGO_LIMIT, parse_brand
from advisor.reports.document import Brand
from advisor.reports.edition import DEPTHS, Depth, at_depth, branded
from advisor.ui.tongue import spoken
from advisor.ui.wording import literal

STATE = "house"
FILE = "report.yaml"
DEPTH_LABELS: Mapping[str, str] = {
    "executive": message("One page"),
    "product": message("What to decide on"),
    "engineer": message("Everything"),
}
FIELD_LABELS: Mapping[str, str] = {
    "title": message("Title above the report"),
    "note": message("Note in front"),
    "accent": message("Colour, such as #7a1f5c"),
    "logo_text": message("What stands in for the logo where it is not seen"),
}


@dataclass(frozen=True, slots=True)
class House:
    """The depth of reports and the brand in force; why there is none is in `problems`."""

    depth: Depth
    brand: Brand | None
    problems: tuple[Problem, ...] = ()

    @property
    def options(self) -> tuple[str, ...]:
        """What the command that makes the report again needs beside the depth, which it names itself."""
        return ("--branding", FILE) if self.brand is not None else ()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Lays reports out at this depth and in this name within the block."""
        with at_depth(self.depth), branded(self.brand):
            yield


def present() -> House:
    """The session's choice: everything in our own name until something is chosen."""
    kept: dict[str, str] = st.session_state.get(STATE, {})
    depth = cast("Depth", kept.get("depth", "engineer"))
    fields = {name: kept[name] for name in (*LENGTHS, "accent") if kept.get(name)}
    logo: tuple[str, bytes] | None = st.session_state.get(f"{STATE}-logo")
    if logo is not None:
        fields["logo"] = logo[0]
    if not fields:
        return House(depth, None)
    try:
        return House(depth, parse_brand(fields, FILE, lambda _name: logo[1] if logo else b""))
    except InputError as error:
        return House(depth, None, tuple(one for one in error.problems if isinstance(one, Problem)))


def panel() -> None:
    """Draws the choice, and what is wrong with it."""
    house = present()
    kept: dict[str, str] = st.session_state.setdefault(STATE, {})
    with st.popover(say("For whom"), key="house", icon=":material/tune:"):
        st.session_state["house-depth"] = house.depth
        st.segmented_control(
            say("How deep the report goes"),
            DEPTHS,
            key="house-depth",
            format_func=lambda name: say(DEPTH_LABELS[name]),
            on_change=spoken(_keep),
            args=("depth",),
            required=True,
        )
        for name in ("title", "note", "accent"):
            _field(name, kept)
        if _logo():
            _field("logo_text", kept)
        for problem in house.problems:
            st.error(literal(str(problem)))
        if house.brand is not None:
            st.download_button(
                say("Keep this look as a file"),
                data=_as_file(kept),
                file_name=FILE,
                mime="application/yaml",
                on_click="ignore",
                key="download-house",
                icon=":material/save:",
            )


def _field(name: str, kept: Mapping[str, str]) -> None:
    st.session_state[f"house-{name}"] = kept.get(name, "")
    st.text_input(
        say(FIELD_LABELS[name]),
        key=f"house-{name}",
        max_chars=LENGTHS.get(name, len("#rrggbb")),
        on_change=spoken(_keep),
        args=(name,),
    )


def _logo() -> bool:
    """Draws the place for a logo; whether there is one."""
    held: tuple[str, bytes] | None = st.session_state.get(f"{STATE}-logo")
    if held is not None:
        st.caption(say("Logo: {name}", name=literal(held[0])))
        st.button(say("Leave the logo out"), key="house-no-logo", on_click=spoken(_drop_logo))
        return True
    st.file_uploader(
        say("Logo (PNG or SVG)"),
        type=["png", "svg"],
        key="house-upload",
        max_upload_size=1,
        on_change=spoken(_take_logo),
    )
    return False


def _keep(name: str) -> None:
    kept: dict[str, str] = st.session_state.setdefault(STATE, {})
    kept[name] = str(st.session_state[f"house-{name}"] or "").strip()


def _take_logo() -> None:
    file = st.session_state["house-upload"]
    if file is not None:
        st.session_state[f"{STATE}-logo"] = (file.name, file.getvalue()[: LOGO_LIMIT + 1])


def _drop_logo() -> None:
    st.session_state.pop(f"{STATE}-logo", None)


def _as_file(kept: Mapping[str, str]) -> str:
    """`report.yaml` with what was chosen; the logo stands beside it under its own name."""
    logo: tuple[str, bytes] | None = st.session_state.get(f"{STATE}-logo")
    fields = {name: kept[name] for name in ("title", "note", "accent", "logo_text") if kept.get(name)}
    if logo is not None:
        fields["logo"] = logo[0]
    return yaml.safe_dump(fields, allow_unicode=True, sort_keys=False)
