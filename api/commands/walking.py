"""What `assent reconcile` and `assent import` share: a walk, its progress, what it finds, and its report."""

import json
import sys
from contextlib import AbstractContextManager, nullcontext
from time import monotonic

import structlog
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from api import logs
from api.running import open_runtime
from billing.recovery import Finding, Outcome, Plan, Report, walk
from billing.settings import StripeSettings, load

log = structlog.get_logger()

# Seconds between two log lines where nobody watches a terminal.
LOG_EVERY = 10.0
COLUMNS = tuple(Outcome)


async def carry_out(plan: Plan, *, anew: bool, as_json: bool, tells: frozenset[Outcome]) -> Report:
    """Walks, tells of objects with these outcomes, and prints the report. Raises what `walk` raises, CannotStart."""
    settings = load(StripeSettings)
    logs.configure(in_development=settings.in_development)
    watching = Watching(plan, as_json=as_json, tells=tells)
    async with open_runtime(settings) as runtime:
        with watching.bar():
            report = await walk(runtime, plan, watching, anew=anew)
    typer.echo(json.dumps({"report": summary(plan, report)}) if as_json else table(report))
    return report


class Watching:
    """Shows how far a walk is: a line that changes on a terminal, log lines elsewhere; both on standard error."""

    def __init__(self, plan: Plan, *, as_json: bool, tells: frozenset[Outcome]) -> None:
        self._plan, self._as_json, self._tells = plan, as_json, tells
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._began = self._told = monotonic()

    def bar(self) -> AbstractContextManager[object]:
        """While it is open, a terminal shows the progress."""
        if not sys.stderr.isatty():
            return nullcontext()
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task(self._plan.name, total=None)
        return self._progress

    def __call__(self, kind: str, report: Report, finding: Finding | None) -> None:
        """One object that somebody may have to know of, or, without one, the end of a page."""
        if finding is not None:
            if finding.outcome in self._tells or finding.note:
                typer.echo(json.dumps(as_data(finding)) if self._as_json else str(finding))
            return
        position = self._plan.kinds.index(kind) + 1
        if self._progress is not None and self._task is not None:
            told = f"{kind} ({position} of {len(self._plan.kinds)})  {report.seen:,} objects"
            self._progress.update(self._task, description=told)
        elif monotonic() - self._told >= LOG_EVERY:
            self._told = monotonic()
            seconds = round(self._told - self._began)
            log.info(
                self._plan.name, kind=kind, of=f"{position}/{len(self._plan.kinds)}", objects=report.seen, s=seconds
            )


def as_data(finding: Finding) -> dict[str, object]:
    """One object as JSON."""
    return {
        "kind": finding.kind,
        "id": finding.stripe_id,
        "outcome": finding.outcome,
        "fields": list(finding.fields),
        "note": finding.note,
    }


def summary(plan: Plan, report: Report) -> dict[str, object]:
    """The report as JSON."""
    totals = {outcome.value: report.count(outcome) for outcome in COLUMNS}
    return {
        "walk": plan.name,
        "dry_run": plan.dry_run,
        "seen": report.seen,
        **totals,
        "collisions": report.collisions,
        "kinds": report.dump(),
    }


def table(report: Report) -> str:
    """The report for a person."""
    lines = [f"{'':17}{'seen':>9}" + "".join(f"{outcome.value:>9}" for outcome in COLUMNS)]
    for kind, tally in report.kinds.items():
        counts = "".join(f"{tally.outcomes.get(outcome, 0):>9,}" for outcome in COLUMNS)
        lines.append(f"{kind:17}{tally.seen:>9,}{counts}")
        if tally.fields:
            told = sorted(tally.fields.items(), key=lambda each: -each[1])
            lines.append("  differed in " + ", ".join(f"{name} ({count})" for name, count in told[:10]))
    return "\n".join(lines)
