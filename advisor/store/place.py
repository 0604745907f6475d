"""Where the data of the app lie: one folder, and in it the SQLite file where no other database is named."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER_VARIABLE = "ADVISOR_DATA_DIR"
URL_VARIABLE = "ADVISOR_DATABASE_URL"


def data_folder() -> Path:
    """The folder of runs, uploads and the SQLite file; made, for its owner alone, where it is missing."""
    folder = _place()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder.resolve()


def default_url(make: bool = True) -> str:
    """The database of this installation, as an address that SQLAlchemy reads; its folder is made unless told not to."""
    return os.environ.get(URL_VARIABLE) or f"sqlite:///{(data_folder() if make else _place()) / 'advisor.db'}"


def _place() -> Path:
    from platformdirs import user_data_path

    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else user_data_path("advisor", appauthor=False)
