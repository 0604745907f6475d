"""Bytes to text: UTF-8, or UTF-16 that says so. Nothing is guessed, so that no text is ever garbled."""

from __future__ import annotations

import codecs
import unicodedata
from collections import Counter

from ...errors import BenchmarkError

_FOREIGN = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook (.xlsx); in Excel: Save As, 'CSV UTF-8 (comma delimited)'",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file; open it and save it as 'CSV UTF-8 (comma delimited)'",
    b"\x1f\x8b": "a gzip archive; unpack it first (gunzip)",
    b"BZh": "a bzip2 archive; unpack it first (bunzip2)",
    b"\xfd7zXZ": "an xz archive; unpack it first (unxz)",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive; unpack it first (unzstd)",
    b"%PDF": "a PDF document; export its table as CSV",
    b"SQLite format 3": "an SQLite database; export the table as CSV",
    b"\x89PNG": "a picture; a table of texts and labels is wanted",
    b"\xff\xd8\xff": "a picture; a table of texts and labels is wanted",
    b"\x7fELF": "a program; a table of texts and labels is wanted",
    b"Obj\x01": "an Avro file; export it as CSV or Parquet",
    b"ARROW1": "an Arrow file; write it as Parquet or CSV",
    b"ORC": "an ORC file; write it as Parquet or CSV",
}
_REMEDY = "in Excel: Save As, 'CSV UTF-8'; elsewhere: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW (if that is what it is)"
_ODD_CONTROLS = set(range(0x20)) - {0x09, 0x0A, 0x0C, 0x0D, 0x1A, 0x1B}


def decoded(name: str, content: bytes) -> tuple[str, str]:
    """The text of a file and the name of its encoding. Raises BenchmarkError with the first bad byte and a remedy."""
    for magic, what in _FOREIGN.items():
        if content.startswith(magic):
            raise BenchmarkError(f"{name}: is {what}")
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise BenchmarkError(f"{name}: is UTF-32; save the file as UTF-8")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return content.decode("utf-16"), "UTF-16"
        except UnicodeDecodeError as error:
            raise BenchmarkError(
                f"{name}: begins as UTF-16, but byte {error.start + 1} does not go on so ({error.reason}); the file is "
                "cut off or damaged: save it again, as UTF-8"
            ) from None
    if b"\0" in content:
        place = content.index(b"\0")
        wide = content[:200].count(b"\0") >= len(content[:200]) // 3
        why = "this looks like UTF-16 without a byte order mark; save the file as UTF-8"
        binary = "this is a binary file; allowed: CSV, TSV, JSONL (text in UTF-8) or Parquet"
        raise BenchmarkError(f"{name}: byte {place + 1} is 0x00, which no text holds: {why if wide else binary}")
    if sum(byte in _ODD_CONTROLS for byte in content[:4096]) > len(content[:4096]) / 50:
        raise BenchmarkError(f"{name}: is a binary file; allowed: CSV, TSV, JSONL (text in UTF-8) or Parquet")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BenchmarkError(f"{name}{_place(content, error.start)}; {_REMEDY}") from None
    return text, "UTF-8 with byte order mark" if content.startswith(codecs.BOM_UTF8) else "UTF-8"


def _place(content: bytes, start: int) -> str:
    line = content.count(b"\n", 0, start) + 1
    begin = content.rfind(b"\n", 0, start) + 1
    around = content[max(begin, start - 20) : start + 12].split(b"\n")[0].decode("ascii", "backslashreplace")
    return f" line {line}: is not UTF-8: found byte 0x{content[start]:02x} at column {start - begin + 1}, in {around!r}"


def garbled(texts: list[str]) -> str | None:
    """A remark if texts were already garbled when they were saved: replacement characters, or UTF-8 read as Latin."""
    lost = sum("\ufffd" in text for text in texts)
    twice = Counter(_twice_encoded(text) for text in texts)
    twice.pop(None, None)
    if not lost and not twice:
        return None
    found = []
    if lost:
        found.append(f"{lost} with the replacement character U+FFFD")
    if twice:
        example = twice.most_common(1)[0][0]
        found.append(f"{twice.total()} that were encoded twice (such as {example!r})")
    return f"texts are garbled in the file itself: {', '.join(found)}; they are used as they are, export them again"


def _twice_encoded(text: str) -> str | None:
    """The first word of a text that turns from Latin-1 signs into one letter when it is encoded back, or None."""
    if "Ã" not in text and "Â" not in text and "â€" not in text:
        return None
    for word in text.split():
        try:
            back = word.encode("cp1252").decode("utf-8")
        except UnicodeError:
            continue
        if back != word and all(unicodedata.category(sign)[0] != "C" for sign in back):
            return word
    return None
