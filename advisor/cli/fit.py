"""`advisor studies fit`: fits the quality forecast to the registry of published comparisons."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from advisor import locate
from advisor.cli import out
from advisor.errors import InputError, Problem


def fit_command(
    rules: Annotated[Path | None, typer.Option("--rules", help="Folder of a rule pack.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if the fitted file is not up to date.")
    ] = False,
    ablate: Annotated[bool, typer.Option("--ablate", help="Print what each part buys on unseen papers.")] = False,
) -> None:
    """Fits the forecast anew and writes studies/model.json; prints what each belief became."""
    import numpy as np

    from advisor.cli.commands import day_of
    from advisor.knowledge import rulebook
    from advisor.knowledge.model_names import read_model_names
    from advisor.knowledge.prices import PriceTable
    from advisor.knowledge.quality_model import FOLDER as STUDIES
    from advisor.knowledge.quality_model import MODEL, NAMES, PRIORS, read_priors, studies_folder
    from advisor.knowledge.study_registry import FOLDER, read_registry
    from advisor.reasoning.advise import refuse_unknown
    from advisor.reasoning.quality.ablation import ablations
    from advisor.reasoning.quality.calibration import expected_calibration_error, fit_calibrated, unseen
    from advisor.reasoning.quality.fit import trials

    book = rulebook.load(rules or locate.rules_dir())
    folder = studies_folder(book)
    if rules is not None and folder != rules / STUDIES:
        allowed = f"a pack with beliefs of its own in {STUDIES}/{PRIORS}"
        remedy = f"copy {PRIORS} and {NAMES} into it, or leave --rules out to fit the shipped forecast"
        raise InputError([Problem("--rules", "", f"{rules}, which has none", allowed, remedy)])
    priors = read_priors(folder / PRIORS)
    rows = [row for study in read_registry(folder / FOLDER) for row in study.comparisons]
    if not rows:
        none, remedy = "no studies to fit to", "see: advisor studies add"
        raise InputError([Problem(str(folder / FOLDER), "", none, "at least one study", remedy)])
    prices, day = PriceTable.load(book.price_folder), day_of(None)
    tuning, hybrid = ([prior.id for prior in beliefs] for beliefs in (priors.tuning, priors.hybrid))
    refuse_unknown(tuning, hybrid, str(folder / PRIORS), prices, day)
    data = trials(rows, read_model_names(folder / NAMES), book, prices, day)
    model = fit_calibrated(data, priors)
    file = folder / MODEL
    before = file.read_bytes() if file.exists() else b""
    written = model.text().encode()
    text = [
        f"{model.rows} comparisons from {model.studies} studies",
        "",
        "feature, belief before -> after the studies (z)",
    ]
    for title, beliefs, found in (
        ("lead of tuning over prompting", priors.tuning, model.tuning),
        ("lead of a hybrid over the better of both", priors.hybrid, model.hybrid),
    ):
        text += ["", title]
        errors = np.sqrt(np.diag(found.covariance))
        text += [
            f"  {prior.id:26s} {prior.mean:+.2f} ± {prior.sd:.2f}  ->  {mean:+.2f} ± {error:.2f}"
            for prior, mean, error in zip(beliefs, found.mean.tolist(), errors.tolist(), strict=True)
        ]
    said, held = unseen(data, priors, np.ones(len(data.rows), bool))
    plain, calibrated = (expected_calibration_error(p, held) for p in (said, model.calibration(said)))
    text += [
        "",
        f"studies left out one at a time: {100 * held.mean():.1f} % of rows level with the best;",
        f"expected calibration error {plain:.3f} before and {calibrated:.3f} after calibration",
    ]
    if ablate:
        text += ["", f"{'left out':40s}{'regret':>8s}{'hits':>9s}   (per paper, each paper unseen)"]
        text += [f"{item.without:40s}{item.regret:8.2f}{100 * item.hits:8.1f}%" for item in ablations(data, priors)]
    if check:
        text += ["", "up to date" if written == before else f"{file} is not up to date"]
    elif written != before:
        model.write(file)
        text += ["", f"written: {file}"]
    else:
        text += ["", "unchanged"]
    out("".join(f"{line}\n" for line in text))
    if check and written != before:
        raise typer.Exit(1)
