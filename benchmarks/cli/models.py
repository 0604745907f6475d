"""`advisor models list` and `pull`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .apps import models_app
from .options import AsJson
from .process import interruptible, print_json


@models_app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the models that are known, and those on this disk."""
    from ..models import registry

    found: list[dict[str, Any]] = [
        {
            "name": entry.name,
            "summary": entry.summary,
            "licence": entry.licence,
            "on_disk": entry.files is not None,
            "folder": str(entry.files.folder) if entry.files else None,
            "content_hash": entry.files.content_hash if entry.files else None,
            "origin": str(entry.files.origin) if entry.files else None,
            "problem": entry.problem,
        }
        for entry in registry.listing()
    ]
    if as_json:
        print_json(found)
        return
    for entry in found:
        where = (
            entry["folder"]
            or entry["problem"]
            or f"not on this disk; fetch it with: advisor models pull {entry['name']}"
        )
        typer.echo(f"{entry['name']}: {entry['summary']} ({entry['licence']})")
        typer.echo(f"  {where}")


@models_app.command("pull")
def pull_model(
    name: Annotated[
        str, typer.Argument(help="A name (advisor models list), or hub:OWNER/NAME, with @REVISION if need be.")
    ],
) -> None:
    """Fetch a model, check it against its pinned hash and print its folder."""
    from ..models import registry

    with interruptible():
        files = registry.pull(name, progress=lambda line: typer.echo(line, err=True))
    typer.echo(f"content hash {files.content_hash}, from {files.origin}", err=True)
    typer.echo(str(files.folder))
