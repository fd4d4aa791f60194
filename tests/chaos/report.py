"""What is printed at the end, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from chaos.content import Outcome
from chaos.plan import COMPONENTS, CONTENT, DEATHS, FULL, KILLED, LEAST, Cells, Fault, Kind, hits
from chaos.supervisor import OwnEnd
from chaos.verdict import EXAMPLES, Verdict
from chaos.watch import Stop

STOP_SECONDS = 120.0
"""No stage stands still for longer, whatever happens."""


class Run(NamedTuple):
    """What was planned and done.

    stops: the longest stop of each stage. seconds: from the start on. wrong: what history.py says.
    others: the faults that the plan has beside those of the matrix.
    """

    seed: int
    plan: Sequence[Fault]
    done: Sequence[Fault]
    own: Sequence[OwnEnd]
    outcome: Outcome
    stops: Sequence[Stop]
    seconds: float
    wrong: Sequence[str] = ()
    others: Cells = CONTENT


def summary(run: Run, found: Verdict) -> dict[str, Any]:
    """All figures of a run. `passed`: everything that has to be true is."""
    plan, done, outcome = run.plan, run.done, run.outcome
    healed = not outcome.unhealed and all(stop.seconds <= STOP_SECONDS for stop in run.stops)
    cells = hits(done)
    least = min(cells[cell] for cell in (*KILLED, *run.others))
    covered = len(done) == len(plan) and (len(plan) < FULL or least >= LEAST)
    return {
        "passed": found.good and covered and healed and not run.wrong,
        "seed": run.seed,
        "faults": len(done),
        "planned": len(plan),
        "least_hits_of_a_cell": least,
        "matrix": {
            component: {kind.value: cells[component, kind] for kind in DEATHS} for component in COMPONENTS
        },
        "content": _by_kind(cells, run.others),
        "strangers": {"messages": outcome.sent, "files": outcome.strays},
        "dropped_by_the_client": outcome.dropped,
        "given_up": len(outcome.lost),
        "unhealed": outcome.unhealed,
        "longest_stops": [str(stop) for stop in run.stops],
        "seconds": round(run.seconds),
        "history": list(run.wrong),
        "delivered": found.delivered,
        "rows": found.rows,
        "missing": len(found.missing),
        "doubled": len(found.doubled),
        "unreported": len(found.unreported),
        "resent": found.total("resent"),
        "audit": {"exit_code": found.audit_code}
        | {name: found.total(name) for name in ("rows", "missing", "doubled", "rejected", "lost")},
        "findings": findings(found),
        "own_restarts": dict(Counter(end.name for end in run.own)),
        "own_reasons": dict(Counter(f"{end.name}, exit {end.code}: {end.reason}" for end in run.own)),
    }


def _by_kind(cells: Counter[tuple[str, Kind]], others: Cells) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for component, kind in others:
        counts[kind.value] += cells[component, kind]
    return dict(counts)


def findings(found: Verdict) -> list[str]:
    """What the audit has to say."""
    return [
        *found.audit.get("findings", ()),
        *(text for part in found.audit.get("partitions", ()) for text in part.get("findings", ())),
    ]


def text(figures: Mapping[str, Any], found: Verdict) -> str:
    """The matrix and the figures, for a person."""
    audit, own = figures["audit"], figures["own_restarts"]
    lines = [
        *_matrix(figures["matrix"]),
        "",
        f"seed {figures['seed']}: {figures['faults']} of {figures['planned']} faults "
        f"in {figures['seconds'] / 60:.1f} min, every cell at least {figures['least_hits_of_a_cell']} times",
        f"delivered {figures['delivered']:,} by the producer's delivery reports; "
        f"in Snowflake's views {figures['rows']:,}: {figures['missing']} missing, "
        f"{figures['doubled']} doubled, {figures['unreported']} of unknown origin",
        f"audit --full --drained: exit code {audit['exit_code']}, {audit['rows']:,} rows, "
        f"{audit['missing']} missing, {audit['doubled']} doubled, "
        f"{figures['resent']:,} resent, {audit['rejected']} rejected, {audit['lost']} lost",
        "content: " + ", ".join(f"{kind} {count}" for kind, count in figures["content"].items()),
        f"strangers sent {figures['strangers']['messages']:,} messages and {figures['strangers']['files']:,} "
        f"files; a client dropped {figures['dropped_by_the_client']:,} records; "
        f"{figures['given_up']} records given up by name",
        "longest stops: " + "; ".join(figures["longest_stops"]),
        *(f"the history is wrong: {what}" for what in figures["history"]),
        *(f"not healed: {what}" for what in figures["unhealed"]),
        *(f"not named by the audit: {what}" for what in found.unnamed[:EXAMPLES]),
        f"own restarts: {sum(own.values())}" + "".join(f"; {name} {count}" for name, count in own.items()),
        *(f"  {count} x {reason}" for reason, count in figures["own_reasons"].items()),
        *(f"finding: {finding}" for finding in figures["findings"][:20]),
        *(
            f"{name}: {', '.join(ids[:EXAMPLES])}"
            for name, ids in found._asdict().items()
            if name in ("missing", "doubled", "unreported", "given_up") and ids
        ),
        *([f"audit: {found.audit_text}"] if found.audit_text else []),
        "PASSED" if figures["passed"] else "FAILED",
    ]
    return "\n".join(lines)


def _matrix(matrix: Mapping[str, Mapping[str, int]]) -> list[str]:
    width = max(map(len, matrix))
    head = " ".join([" " * width, *(f"{kind.value:>8}" for kind in DEATHS)])
    return [
        head,
        *(
            " ".join([component.ljust(width), *(f"{count:8d}" for count in row.values())])
            for component, row in matrix.items()
        ),
    ]
