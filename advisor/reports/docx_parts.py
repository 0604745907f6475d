"""The styles of a Word report, and the parts of Word that python-docx has no words for."""

from __future__ import annotations

from typing import Any

from advisor.reports import docx_xml as xml
from advisor.reports.charts_drawn import pale

INK, SOFT, ACCENT = "1F2933", "52606D", "0B5394"
FONT = "Calibri"


def styled(file: Any, shared: Any, language: str, accent: str) -> None:
    """Sets paper, fonts and the styles that the report uses by name, so that an editor changes each in one place."""
    page = file.sections[0]
    page.page_width, page.page_height = shared.Mm(210), shared.Mm(297)
    page.left_margin = page.right_margin = shared.Mm(22)
    page.top_margin, page.bottom_margin = shared.Mm(20), shared.Mm(20)
    for name in ("Normal", "Title", "Subtitle", "Heading 1", "Heading 2", "Heading 3", "Caption", "List Bullet"):
        _font(file.styles[name], shared)
    base = file.styles["Normal"]
    base.font.size = shared.Pt(10.5)
    base.paragraph_format.space_after = shared.Pt(6)
    _language(base, language)
    for name, size, colour, before, after in (
        ("Title", 22, INK, 0, 12), ("Subtitle", 10, SOFT, 0, 2), ("Heading 1", 15, INK, 20, 8),
        ("Heading 2", 12, SOFT, 14, 6), ("Heading 3", 11, SOFT, 10, 4), ("Caption", 9.5, SOFT, 8, 4),
    ):  # fmt: skip
        style = file.styles[name]
        style.font.size, style.font.color.rgb = shared.Pt(size), shared.RGBColor.from_string(colour)
        style.font.italic = False
        style.font.bold = name != "Subtitle"
        style.paragraph_format.space_before, style.paragraph_format.space_after = shared.Pt(before), shared.Pt(after)
        style.paragraph_format.keep_with_next = True
    _plain(file.styles["Title"])
    _plain(file.styles["Subtitle"])
    kinds = {
        "Muted": (10, SOFT, 6), "Small": (8.5, SOFT, 8), "Lead": (10.5, INK, 3), "Cell": (9.5, INK, 1),
        "Code": (8.5, INK, 8), "Picture": (10, INK, 4), "Step": (10.5, INK, 6), "Gap": (4, INK, 0),
        "Callout": (13, INK, 10),
    }  # fmt: skip
    for name, (size, colour, after) in kinds.items():
        style = file.styles.add_style(name, 1)
        style.base_style = base
        style.font.size, style.font.color.rgb = shared.Pt(size), shared.RGBColor.from_string(colour)
        style.paragraph_format.space_after = shared.Pt(after)
    file.styles["Lead"].font.bold = True
    file.styles["Lead"].paragraph_format.keep_with_next = True
    file.styles["Code"].font.name = "Consolas"
    file.styles["Step"].paragraph_format.left_indent = shared.Pt(22)
    file.styles["Step"].paragraph_format.first_line_indent = shared.Pt(-22)
    file.styles["Step"].paragraph_format.tab_stops.add_tab_stop(shared.Pt(22))
    file.styles["Picture"].paragraph_format.keep_with_next = True
    _frame(file.styles["Callout"], accent)
    faint = file.styles.add_style("Faint", 2)
    faint.font.color.rgb, faint.font.size = shared.RGBColor.from_string(SOFT), shared.Pt(9)


def _font(style: Any, shared: Any) -> None:
    from docx.oxml.ns import qn

    style.font.name = FONT
    style.font.color.rgb = shared.RGBColor.from_string(INK)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in list(fonts.attrib):
        if name.endswith("Theme"):
            del fonts.attrib[name]
    for kind in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{kind}"), FONT)


def _language(style: Any, language: str) -> None:
    from docx.oxml.ns import qn

    properties = style.element.get_or_add_rPr()
    told_ = properties.makeelement(qn("w:lang"), {qn("w:val"): "de-DE" if language == "de" else "en-GB"})
    properties.append(told_)


def _plain(style: Any) -> None:
    """A style without the line below it and without the spaced letters that Word's own template gives it."""
    from docx.oxml.ns import qn

    for properties, name in ((style.element.get_or_add_pPr(), "w:pBdr"), (style.element.get_or_add_rPr(), "w:spacing")):
        for found in properties.findall(qn(name)):
            properties.remove(found)


def _frame(style: Any, accent: str) -> None:
    """A tinted paragraph with a bar at its left side."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls, qn

    properties = style.element.get_or_add_pPr()
    border = parse_xml(
        f'<w:pBdr {nsdecls("w")}><w:left w:val="single" w:sz="24" w:space="8" w:color="{accent}"/></w:pBdr>'
    )
    tint = pale(f"#{accent}", 0.08).lstrip("#").upper()
    shade = parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{tint}"/>')
    spacing = properties.find(qn("w:spacing"))
    if spacing is None:
        properties.extend((border, shade))
    else:
        spacing.addprevious(border)
        spacing.addprevious(shade)


def told(picture: Any, title: str, text: str) -> None:
    """Gives a picture its title and alternative text."""
    about = picture._inline.docPr
    about.set("title", title)
    about.set("descr", text)
    about.set("name", f"Chart {about.get('id')}")


def hyperlink(place: Any, part: Any, text: str, url: str) -> None:
    """Text at the end of a paragraph that leads to an address."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml.ns import qn

    link = xml.element(place, "hyperlink")
    link.set(qn("r:id"), part.relate_to(url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
    xml.run(link, text, underline=True)
