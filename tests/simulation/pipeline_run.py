"""One run of sinks, loaders, an auditor and an operator over Kafka, S3 and Snowflake."""

from __future__ import annotations

from stock_auditor.auditor import Audited
from stock_auditor.stages.base import NotCompared
from stock_common.status import AuditStatus
from stock_objects.chain import Chain

from . import judge, tables
from .engine import Violation
from .pipeline_judge import Kept, check_complete, check_findings, check_tables, excuses
from .schedule import Item, Schedule
from .sink_run import TOPIC, SinkRun
from .snowflake import Server
from .warehouse import AUDIT_SECONDS, Workers

SETTLE_LOAD_SECONDS = 3600.0
AUDIT_WAIT_SECONDS = 600.0


def texts_of(status: AuditStatus) -> list[str]:
    return [*status.findings, *(text for part in status.partitions for text in part.findings)]


class PipelineRun(SinkRun):
    """`damaged`: somebody has changed rows or objects by hand."""

    def __init__(self, schedule: Schedule, story: list[str] | None = None) -> None:
        super().__init__(schedule, story)
        self.server = Server(self.world, self.bucket, blind=schedule.seed % 8 < 4)
        self.workers = Workers(self.world, self.cluster, self.bucket, self.server)
        self.damaged: list[str] = []
        self._seen: object = None
        self.last: Audited | None = None
        for number in range(schedule.loaders):
            self.workers.start(f"loader {number}", self.workers.load)
        self.world.at(AUDIT_SECONDS, lambda: self.workers.start("auditor", self._audit))

    def play(self) -> None:
        super().play()
        self._look_at_tables()

    def _audit(self) -> None:
        self.workers.audit(self._judge_verdict, lambda: Kept(self))

    def _judge_verdict(self, before: Kept, audited: Audited) -> None:
        status = audited.status
        if self.world.story is not None:
            text = "complete" if status.complete else f"not complete: {texts_of(status)[:2]}"
            self.world.say("auditor", text)
        if self.damaged or self.unclean:
            return
        if status.complete:
            check_complete(self, before)
        else:
            check_findings(self, texts_of(status))

    def _look_at_tables(self) -> None:
        """Lets the loaders come to the chains' ends, and then an audit of everything say what it finds."""
        loaded = self.world.run(self._is_loaded, SETTLE_LOAD_SECONDS)
        if not self.damaged:
            check_tables(self)
        reasons = excuses(self)
        if not loaded and not reasons:
            raise Violation(f"the loaders stand still: {self.workers.tails()}")
        self._final_audit(reasons)

    def _final_audit(self, reasons: list[str]) -> None:
        self.last = None
        self.workers.running["auditor"].kill()
        self.workers.start("last audit", self._audit_everything, None)
        if not self.world.run(lambda: self.last is not None, AUDIT_WAIT_SECONDS):
            raise Violation("the last audit gives no verdict")
        status = self.last.status  # type: ignore[union-attr]
        if self.unclean:
            return  # what an unclean election has lost nobody can know
        if status.complete and reasons:
            raise Violation(f"the last audit says complete, but {reasons[0]}")
        if not status.complete and not (reasons or excuses(self)):
            raise Violation(f"the last audit finds what is not there: {texts_of(status)[:2]}")

    def _audit_everything(self) -> None:
        auditor = self.workers.auditor(0.0)
        while self.last is None:
            try:
                self.last = auditor.audit_all(by_range=True)
            except NotCompared:
                self.world.sleep(5.0)

    def _is_loaded(self) -> bool:
        if self._seen is self.server.data:
            return False
        self._seen = self.server.data
        known = self.workers.tails()
        for chain, _ in judge.logs(self):
            links = judge.links(self.bucket, chain)
            if links and known.get(chain, -1) < links[-1].last:
                return False
        return True

    def _do_reload(self, place: tuple[str, int], item: Item) -> None:
        self.workers.start("operator", lambda: self.workers.repair("reload"), None)

    def _do_retry(self, place: tuple[str, int], item: Item) -> None:
        self.workers.start("operator", lambda: self.workers.repair("retry"), None)

    def _do_end_transactions(self, place: tuple[str, int], item: Item) -> None:
        self.server.abort_all()

    def _do_kill_loader(self, place: tuple[str, int], item: Item) -> None:
        self.workers.running[f"loader {item.number % self.schedule.loaders}"].kill()

    def _do_sleep_loader(self, place: tuple[str, int], item: Item) -> None:
        self.workers.running[f"loader {item.number % self.schedule.loaders}"].pause(60.0 * item.size)

    def _do_sleep_auditor(self, place: tuple[str, int], item: Item) -> None:
        if "auditor" in self.workers.running:
            self.workers.running["auditor"].pause(20.0 * item.size)

    def _do_delete_row(self, place: tuple[str, int], item: Item) -> None:
        rows = self.server.data.rows
        if rows:
            gone = rows[int(item.size) % len(rows)]
            self.damaged.append(f"row {gone.offset} of {gone.chain} was deleted")
            kept = tables.without(rows, lambda row: row == gone)
            self.server.data = self.server.data._replace(rows=kept)

    def _do_double_row(self, place: tuple[str, int], item: Item) -> None:
        rows = self.server.data.rows
        if rows:
            twice = rows[int(item.size) % len(rows)]
            self.damaged.append(f"row {twice.offset} of {twice.chain} was doubled")
            self.server.data = self.server.data._replace(rows=(*rows, twice))

    def _do_delete_object(self, place: tuple[str, int], item: Item) -> None:
        chain = Chain(TOPIC, self.cluster.topics[TOPIC].topic_id, place[1])
        links = [link for link in judge.links(self.bucket, chain) if str(link.key) in self.bucket.held]
        if len(links) > 1:
            gone = links[int(item.size) % (len(links) - 1)]
            self.damaged.append(f"object {gone.key} was deleted")
            self.bucket.deleted[str(gone.key)] = self.bucket.held[str(gone.key)]
            self.bucket.remove(str(gone.key))
