"""From answers to advice: asks the engine and the probe, and lays everything that they found into one value."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from advisor.errors import InputError, Problem
from advisor.intake import measurements
from advisor.intake.answers import Answers
from advisor.knowledge import rulebook
from advisor.knowledge.domain import APPROACHES, CRITERIA, Quantity, Rulebook, Source
from advisor.knowledge.model_names import read_model_names
from advisor.knowledge.prices import PriceTable
from advisor.knowledge.quality_model import FOLDER as STUDIES
from advisor.knowledge.quality_model import NAMES, PRIORS, model_file, read_model, studies_folder
from advisor.knowledge.record_summary import SUMMARY, THIN, read_summary, record_folder
from advisor.knowledge.study_registry import FOLDER as PAPERS
from advisor.knowledge.study_registry import read_registry
from advisor.knowledge.translated import in_language
from advisor.knowledge.wording import approach_words, measure, option
from advisor.language import lowered, numeral, say
from advisor.reasoning import contributions, like_evidence, limits, plan, published
from advisor.reasoning.advice import (
    Advice,
    Confidence,
    CostRange,
    Evidence,
    Finding,
    MeasuredArm,
    MeasuredDifference,
    MeasuredEvidence,
    Range,
    Ranked,
    Timetable,
)
from advisor.reasoning.costs import Spread, itemise, shortfalls, study
from advisor.reasoning.engine import ABSTAIN, STATUS, TIE, Engine, Outcome, canonical
from advisor.reasoning.explain import Explainer
from advisor.reasoning.in_force import in_force
from advisor.reasoning.likeness import Library, of_case
from advisor.reasoning.probe import Probe
from advisor.reasoning.quality import blend
from advisor.reasoning.quality.features import unknown_features
from advisor.reasoning.robustness import robustness
from advisor.reasoning.volumes import volumes

REASONS, TIED_REASONS = 3, 2  # told for the first place, and in a tie for either side


def engine(folder: Path, day: date, measured: Path | None = None) -> Engine:
    """The engine over a rule pack, its prices and a measurement. Raises InputError with every problem found."""
    problems: list[Problem] = []
    book = rulebook.read(folder, problems)
    prices = PriceTable.load(book.price_folder, problems) if book is not None else None
    if book is not None and prices is not None:
        prices.check_market(book.market, problems)
    if problems or book is None or prices is None:
        raise InputError(problems)
    measurement = measurements.read(measured) if measured is not None else None
    fitted = model_file(book)
    model = read_model(fitted) if fitted else None
    if model is not None:
        refuse_unknown(model.tuning.features, model.hybrid.features, str(fitted), prices, day)
    return Engine(book, prices, day, measurement, model, library(book), read_summary(record_folder(book)))


def refuse_unknown(tuning: Sequence[str], hybrid: Sequence[str], where: str, prices: PriceTable, day: date) -> None:
    """Raises InputError where a model or beliefs name features that the forecast does not have."""
    unknown = unknown_features(tuning, hybrid, prices, day)
    if unknown:
        remedy = f"remove them from {PRIORS} and run: advisor studies fit"
        found = f"unknown features: {', '.join(unknown)}"
        raise InputError([Problem(where, "", found, "features of the forecast", remedy)])


def library(book: Rulebook) -> Library:
    """The studies of a pack and of the packs below it. Raises InputError with every problem found."""
    folders = (layer / STUDIES / PAPERS for layer in book.layers)
    names = read_model_names(studies_folder(book) / NAMES)
    return Library(read_registry(*(folder for folder in folders if folder.is_dir())), names)


def advise(answers: Answers, engine: Engine) -> Advice:
    """The advice for one answered questionnaire, at the prices that it states where it states any."""
    if answers.prices:
        engine = replace(engine, prices=engine.prices.overridden(answers.prices))
    known = engine  # as it is judged: what is told below may be in another language
    engine = replace(engine, book=in_language(engine.book))
    outcome = engine.decide_answers([answers])
    explainer = Explainer(engine, outcome, answers)
    findings = _findings(explainer, outcome, engine)
    notes = tuple(explainer.notes())
    closed = tuple(explainer.ruled_out())
    leader = int(outcome.leader[0])
    status = STATUS[outcome.status[0]]
    recommendation = None if outcome.status[0] == ABSTAIN else APPROACHES[leader]
    ranking = _ranking(engine, outcome)
    probe = Probe(engine, answers)
    schedule = plan.schedule(engine, outcome, recommendation)
    first = ranking[0]
    return Advice(
        name=answers.name,
        description=answers.description,
        answers=answers.plain(),
        recommendation=recommendation,
        status=status,  # type: ignore[arg-type]
        technique=first.technique if recommendation else None,
        headline=_headline(outcome, ranking),
        reason=_reason(outcome, findings, ranking),
        margin=float(outcome.margin[0]) if np.isfinite(outcome.margin[0]) else 0.0,
        confidence=_confidence(outcome, engine),
        weights={name: float(outcome.shares[0, column]) for column, name in enumerate(CRITERIA)},
        ranking=ranking,
        findings=findings,
        ruled_out=closed,
        near_misses=explainer.near_misses(),
        flips=probe.flips() if recommendation else (),
        next_questions=probe.next_questions(),
        evidence=_evidence(engine, outcome, findings, notes),
        plan=schedule.stages,
        notes=notes,
        limits=limits.limits(engine, outcome, answers, findings),
        as_of=engine.day,
        review_by=schedule.review.day,
        rulebook=engine.book.name,
        rulebook_version=engine.book.version,
        verdict_id=verdict_id(answers, known),
        waterfall=contributions.waterfall(findings, ranking),
        why_not=contributions.why_not(findings, ranking, closed),
        robustness=robustness(engine, outcome),
        trace=tuple(explainer.trace()),
        cost_study=study(outcome.facts, engine.book, engine.prices, engine.day),
        shortfalls=shortfalls(outcome.facts, outcome.costs),
        timetable=_timetable(schedule),
        in_force=in_force(answers, known),
        volumes=volumes(engine, outcome),
    )


def _timetable(schedule: plan.Schedule) -> Timetable:
    return Timetable(
        begins=schedule.begins,
        ends=schedule.ends,
        deadline=schedule.deadline,
        overshoot=schedule.overshoot,
        feasible=schedule.feasible,
        text=schedule.text,
        review_because=schedule.review.because,
    )


def verdict_id(answers: Answers, engine: Engine) -> str:
    """Sixteen hex digits over the answers and all knowledge in force on the day; name and description do not count.

    Two days with the same rules, parameters, market facts and prices in force give the same id.
    """
    fields = {key: value for key, value in answers.plain().items() if key not in {"name", "description"}}
    base = answers.get("base_model")
    models = (base.word,) if base is not None and base.kind == "word" else ()
    parts = {"answers": canonical(fields), **engine.in_force(models)}
    text = "{" + ",".join(f'"{name}":{parts[name]}' for name in sorted(parts)) + "}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _ranking(engine: Engine, outcome: Outcome) -> tuple[Ranked, ...]:
    lines = itemise(outcome.facts, engine.book, engine.prices, engine.day)
    ranked = []
    for index in outcome.order[0]:
        approach = engine.book.approaches[APPROACHES[index]]
        technique = approach.techniques[max(int(outcome.techniques[0, index]), 0)]
        costs = outcome.costs
        cost = CostRange(
            setup=_range(costs.setup[approach.id], "USD", say("sum of the set-up lines")),
            monthly=_range(costs.monthly[approach.id], "USD per month", say("sum of the monthly lines")),
            horizon_total=_range(costs.horizon[approach.id], "USD", say("set-up + months of the horizon x monthly")),
            lines=tuple(line for line in lines if line.approach == approach.id),
        )
        by_criterion = {name: float(outcome.points[0, index, column]) for column, name in enumerate(CRITERIA)}
        ranked.append(
            Ranked(
                approach=approach.id,
                title=approach.title,
                technique=technique.id,
                technique_title=technique.title,
                technique_summary=technique.summary,
                eligible=bool(outcome.eligible[0, index]),
                score=float(outcome.totals[0, index]),
                by_criterion=by_criterion,
                cost_usd=cost,
                lead_time_weeks=_range(
                    costs.lead_weeks[approach.id], "weeks", say("lead-time formula of the cost table")
                ),
            )
        )
    return tuple(ranked)


def _range(spread: Spread, unit: str, source: str) -> Range:
    return Range(float(spread.low[0]), float(spread.likely[0]), float(spread.high[0]), unit, "estimated", source)


def _findings(explainer: Explainer, outcome: Outcome, engine: Engine) -> tuple[Finding, ...]:
    findings = [*explainer.findings(), *published.finding(engine, outcome), *_measured_findings(outcome, engine)]
    findings.sort(key=lambda finding: (-abs(finding.weighted or 9), finding.rule, finding.approach or ""))
    return tuple(findings)


def _measured_findings(outcome: Outcome, engine: Engine) -> list[Finding]:
    """What the measurement adds to or takes from the quality points that the rules gave, per measured approach."""
    measurement = engine.measurement
    if measurement is None or len(measurement.best) < 2:
        return []
    share = float(outcome.shares[0, blend.QUALITY])
    moved = (outcome.points - outcome.published_points)[0, :, blend.QUALITY]
    first = max(measurement.best, key=lambda approach: abs(float(moved[APPROACHES.index(approach)])))
    weight = blend.measured_weight(measurement, engine.book, engine.day)
    rest = say(
        "What was measured stands in for what the rules assume about the order in quality, with a weight of "
        "{weight} %; a difference that was not shown counts as none.",
        weight=numeral(f"{100 * weight:.0f}"),
    )
    findings = []
    for approach, arm in measurement.best.items():
        points = float(moved[APPROACHES.index(approach)])
        because = say(
            "On {task} the arm {arm} scored {score} % ({metric}, {low} to {high}, n = {n}).",
            task=measurement.task,
            arm=option(arm.arm),
            score=numeral(f"{100 * arm.score:.1f}"),
            metric=measure(measurement.metric),
            low=numeral(f"{100 * arm.low:.1f}"),
            high=numeral(f"{100 * arm.high:.1f}"),
            n=arm.n,
        )
        findings.append(
            Finding(
                rule=blend.MEASURED,
                kind="measurement",
                title=say("Measured on the data"),
                approach=approach,
                criterion="quality",
                points=points,
                weighted=points * share,
                facts=(),
                answers=(),
                because=f"{because} {rest}" if approach == first else because,
                source=(say("measured: {folder}", folder=measurement.folder),),
            )
        )
    return findings


def _evidence(engine: Engine, outcome: Outcome, findings: Sequence[Finding], notes: Sequence[Finding]) -> Evidence:
    cited: dict[str, Source] = {}
    for finding in (*findings, *notes):
        for name in (*finding.source, *(name for contest in finding.contested_by for name in contest.source)):
            if name in engine.book.sources:
                cited[name] = engine.book.sources[name]
    forecast = published.evidence(engine, outcome, findings)
    like = None
    if engine.library is not None:
        like = like_evidence.evidence(of_case(outcome.facts, engine.situation(outcome.facts)), engine.library)
    sources = tuple(cited[name] for name in sorted(cited, key=_source_order))
    return Evidence(_measured(engine), forecast, sources, like)


def _source_order(name: str) -> tuple[str, int]:
    return name[:1], int(name[1:]) if name[1:].isdigit() else 0


def _measured(engine: Engine) -> MeasuredEvidence | None:
    run = engine.measurement
    if run is None:
        return None

    def arm(result: measurements.ArmResult) -> MeasuredArm:
        source = say(
            "{folder}: {arm} at {train_size} examples, {seeds} seed(s), {method}",
            folder=run.folder,
            arm=option(result.arm),
            train_size=numeral(f"{result.train_size:,}"),
            seeds=result.seeds,
            method=result.method,
        )
        speed = result.seconds_per_item
        return MeasuredArm(
            approach=result.approach,
            arm=result.arm,
            train_size=result.train_size,
            metric=run.metric,
            score=Quantity(result.score, run.metric, "measured", source, result.low, result.high, result.n),
            seconds_per_item=None if speed is None else Quantity(speed, "s per item", "measured", source, n=result.n),
        )

    differences = []
    for pair in run.comparisons:
        source = say("{folder}: paired on the same items, {method}", folder=run.folder, method=pair.method)
        verdict = "no_difference_shown" if pair.low <= 0 <= pair.high else "left_better"
        if verdict == "left_better" and pair.difference < 0:
            verdict = "right_better"
        text = _compared(verdict, pair.left.arm, pair.right.arm)
        amount = Quantity(pair.difference, run.metric, "measured", source, pair.low, pair.high, pair.n)
        differences.append(MeasuredDifference(pair.left.arm, pair.right.arm, amount, verdict, text))  # type: ignore[arg-type]
    return MeasuredEvidence(
        task=run.task,
        model=run.model,
        metric=run.metric,
        status=run.status,
        created_at=run.created_at,
        folder=run.folder,
        digest=run.digest,
        arms=tuple(arm(run.best[name]) for name in APPROACHES if name in run.best),
        baselines=tuple(arm(result) for result in run.baselines),
        differences=tuple(differences),
    )


def _compared(verdict: str, left: str, right: str) -> str:
    """What a paired comparison of two arms showed, as a sentence."""
    left, right = option(left), option(right)
    if verdict == "left_better":
        return say("{left} is better than {right}", left=left, right=right)
    if verdict == "right_better":
        return say("{left} is worse than {right}", left=left, right=right)
    return say("{left} shows no difference from {right}", left=left, right=right)


def _headline(outcome: Outcome, ranking: Sequence[Ranked]) -> str:
    first, second = ranking[0], ranking[1]
    if not outcome.eligible[0].any():
        return say("No approach is possible under these answers")
    if outcome.status[0] == ABSTAIN:
        return say("Too little is known to recommend an approach")
    if outcome.status[0] == TIE:
        return say("A tie between {first} and {second}", first=lowered(first.title), second=lowered(second.title))
    return f"{first.title}: {first.technique_title}"


def _reason(outcome: Outcome, findings: Sequence[Finding], ranking: Sequence[Ranked]) -> str:
    """The strongest reasons for the first place over the second; in a tie those for either."""
    if not outcome.eligible[0].any():
        return say("Every approach is ruled out; what would lift each is listed below.")
    if outcome.status[0] == ABSTAIN:
        return say("The questions listed below decide between the approaches; answer the first ones and ask again.")
    leader = ranking[0].approach
    rivals = [item.approach for item in ranking[1:] if item.eligible]
    pulls: dict[str, float] = {}
    texts: dict[str, dict[str | None, str]] = {}
    for finding in findings:
        if finding.weighted is None:
            continue
        sign = 1.0 if finding.approach == leader else -1.0 if finding.approach in rivals[:1] else 0.0
        pulls[finding.rule] = pulls.get(finding.rule, 0.0) + sign * finding.weighted
        texts.setdefault(finding.rule, {})[finding.approach] = finding.because

    def strongest(name: str, sign: float, most: int) -> str:
        rules = sorted((rule for rule in pulls if sign * pulls[rule] > 0), key=lambda rule: (-sign * pulls[rule], rule))
        said = (texts[rule].get(name) or next(iter(texts[rule].values())) for rule in rules[:most])
        return " ".join(said)

    if outcome.status[0] != TIE:
        return strongest(leader, 1.0, REASONS)
    sides = ((leader, strongest(leader, 1.0, TIED_REASONS)), (rivals[0], strongest(rivals[0], -1.0, TIED_REASONS)))
    told = (
        say("For {approach}: {reasons}", approach=approach_words(name), reasons=said) for name, said in sides if said
    )
    return " ".join(told)


def _confidence(outcome: Outcome, engine: Engine) -> Confidence:
    margin = outcome.margin[0]
    tie = engine.parameter("tie_margin")
    if not outcome.eligible[0].any():
        return Confidence(None, False, say("No approach is possible under these answers."))
    if np.isfinite(margin):
        lead = say(
            "Margin {margin} points; below {tie} it is called a tie.",
            margin=numeral(f"{margin:.2f}"),
            tie=numeral(f"{tie:g}"),
        )
    else:
        return Confidence(None, False, say("Only one approach is possible; there is nothing to choose between."))
    said = float(engine.confidence(outcome, outcome.eligible)[0, int(outcome.leader[0])])
    if engine.measurement is not None:
        return Confidence(
            None,
            False,
            say("{lead} How sure the measurement is, its intervals say; no percentage is given.", lead=lead),
        )
    behind = engine.behind(outcome)
    thin = behind is not None and behind < THIN
    if engine.model is None or not np.isfinite(said) or outcome.status[0] == ABSTAIN or thin:
        why = say("too little is known to recommend an approach")
        if engine.model is None:
            why = say("no model of published studies")
        elif not np.isfinite(said):
            why = say("published studies are too far from this case")
        elif thin:
            why = say(
                "the record holds {n} judged forecasts of this kind of task, fewer than {least}", n=behind, least=THIN
            )
        return Confidence(None, False, say("{lead} No percentage is given: {why}.", lead=lead, why=why))
    basis = say(
        "Level means within one point of 100. Forecast from {source_of}, calibrated on papers left out "
        "of the fit. {lead}",
        source_of=published.source_of(engine.model),
        lead=lead,
    )
    return Confidence(said, True, f"{basis} {_ledger(engine, behind)}".strip())


def _ledger(engine: Engine, behind: int | None) -> str:
    """The ledger that a percentage was held against, with its size and error; empty where there is none."""
    record = engine.record
    if record is None or behind is None or record.calibration_error is None:
        return ""
    return say(
        "Held against the record ({file}): {n} forecasts judged without their paper, {kind} of this kind of task, "
        "expected calibration error {error}.",
        file=f"rules/record/{SUMMARY}",
        n=record.calibrated,
        kind=behind,
        error=numeral(f"{record.calibration_error:.3f}"),
    )
