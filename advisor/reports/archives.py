"""Zip archives (DOCX, XLSX) whose bytes depend on their content alone: no clock, no order of a run."""

from __future__ import annotations

import io
import zipfile

_THEN = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip archive can name


def settled(archive: bytes) -> bytes:
    """The same archive with every entry dated 1980-01-01, deflated, in the order that it had."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as found, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        for entry in found.infolist():
            told = zipfile.ZipInfo(entry.filename, _THEN)
            told.compress_type = zipfile.ZIP_DEFLATED
            told.external_attr = 0o644 << 16
            told.create_system = 3
            out.writestr(told, found.read(entry), zipfile.ZIP_DEFLATED, 6)
    return made.getvalue()
