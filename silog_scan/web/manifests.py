"""Manifests: list, upload, look, close; and reconciliation, expected against counted."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from flask import (
    Blueprint,
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from sqlalchemy.orm import Session

from silog_scan.core import codes
from silog_scan.core.custody import Outcome
from silog_scan.core.errors import Conflict, Malformed, Refused, say
from silog_scan.core.reconcile import Status
from silog_scan.core.stock import Task
from silog_scan.services import (
    accounts,
    checkpoints,
    deliveries,
    imports,
    intake,
    reports,
)
from silog_scan.services.checkpoints import Signed
from silog_scan.services.intake import Preview
from silog_scan.services.jobs import Phase
from silog_scan.store import queries, register
from silog_scan.store.queries import LineFilter, LineView, ManifestFilter, ManifestView
from silog_scan.web import downloads, figures, paths, uploads, words
from silog_scan.web.api import csv_file
from silog_scan.web.context import Page, actor, answered, backend, in_words, language, now, whole
from silog_scan.web.start import due_in_words
from silog_scan.web.uploads import Upload

bp = Blueprint("manifests", __name__)
bp.record_once(paths.register)
bp.record_once(figures.register)
bp.add_app_template_global(due_in_words, "due")

PAGE = 50
"""Rows of a page."""
MOST_PROBLEMS = 200
"""Problems a page shows; the file of refused rows has all."""
MOST_EXTRAS = 100


# The list.


@bp.get("/manifests")
def index() -> str:
    """List the manifests from and to the asker's place and below."""
    within, show = actor().place, request.args.get("show", "all")
    today = figures.today(now(), within)
    text = request.args.get("q", "").strip()
    with backend().database.reading() as session:
        found = queries.manifests_found(session, _filter(show, text, today), within=within)
        counts = queries.manifest_counts(session, within=within, today=today)
        names = queries.place_names(session, {within, *_ends(found)})
    return render_template(
        "manifests/index.html", found=found[:PAGE], counts=counts, names=names, show=show, q=text,
        following=found[PAGE - 1].number if len(found) > PAGE else None, today=today, within=within,
    )  # fmt: skip


def _filter(show: str, text: str, today: date) -> ManifestFilter:
    return ManifestFilter(
        state=show if show in ("open", "closed", "void") else None,
        late=today if show == "late" else None,
        text=text or None,
        after=request.args.get("after"),
        limit=PAGE + 1,
    )


def _ends(found: Iterable[ManifestView]) -> set[str]:
    return {end for view in found for end in (view.receiver, view.origin)}


# Upload: a file is checked, kept, and imported when the check is confirmed.


@bp.route("/manifests/upload", methods=["GET", "POST"])
def upload() -> Page:
    """Ask for a file, and show what it would bring and every problem in it; store nothing."""
    actor().must_record()
    if request.method == "GET":
        return render_template("manifests/upload.html", form={})
    try:
        kept = uploads.receive()
        is_read = uploads.read(kept)
    except Malformed as refusal:
        told = in_words(refusal.sentence)
        page = render_template("manifests/upload.html", form=request.form, problem=told)
        return answered(page, refusal)
    return _checked(kept, uploads.seen(kept)) if is_read else _on_its_way(kept)


def _on_its_way(kept: Upload) -> Page:
    return redirect(url_for("manifests.progress", upload=kept.token), 303)


@bp.get("/manifests/upload/check")
def check() -> Page:
    """Show what was seen in a file that took a while to read."""
    kept = uploads.named(request.args.get("upload", ""))
    return _checked(kept, uploads.seen(kept))


def _checked(kept: Upload, seen: Preview, problem: Refused | None = None) -> Page:
    """Show the check, with the reason why it could not be imported."""
    page = render_template(
        "manifests/check.html",
        upload=kept,
        seen=seen,
        problems=seen.problems[:MOST_PROBLEMS],
        problem=problem and in_words(problem.sentence),
        fields=words.FIELDS,
        issued=_issued_at(seen),
        moment=figures.moment,
    )
    return answered(page, problem) if problem else page


def _issued_at(seen: Preview) -> dict[str, datetime]:
    """Return when the manifests that are here already were imported."""
    with backend().database.reading() as session:
        return {
            one.head.number: queries.manifest(session, one.head.number).imported_at
            for one in seen.manifests
            if one.version
        }


@bp.get("/manifests/upload/refused")
def refused() -> Response:
    """Return the rows that a checked file would lose, each with its reasons."""
    kept = uploads.named(request.args.get("upload", ""))
    rows = intake.refused_rows(uploads.seen(kept), gettext)
    return csv_file(rows, f"{Path(kept.name).stem}-refused")


@bp.post("/manifests/upload/confirm")
def confirm() -> Page:
    """Import a checked file, all of it or nothing."""
    kept = uploads.named(request.form.get("upload", ""))
    seen = uploads.seen(kept)
    chosen = imports.Choices("good_rows" in request.form, "by_parent" in request.form)
    try:
        changes = uploads.store(kept, seen, chosen)
    except (Malformed, Conflict) as refusal:
        return _checked(kept, seen, refusal)
    return _on_its_way(kept) if changes is None else _stored(changes)


def _stored(changes: dict[str, str]) -> Page:
    """Lead to what a file became."""
    flash(_what_changed(changes))
    if len(changes) > 1:
        return redirect(url_for("manifests.index"), 303)
    return redirect(url_for("manifests.show", number=next(iter(changes))), 303)


@bp.get("/manifests/upload/progress")
def progress() -> Page:
    """Show how far a file is; lead on once it is read or stored."""
    kept = uploads.named(request.args.get("upload", ""))
    state = uploads.job_of(kept).state()
    if state is None or state.phase is Phase.CHECKED:
        return redirect(url_for("manifests.check", upload=kept.token), 303)
    if state.phase is Phase.STORED:
        return _stored(state.result)
    return render_template("manifests/progress.html", upload=kept, state=state, phase=Phase)


@bp.get("/manifests/upload/progress/live")
def progress_live() -> str:
    """Return the figures of a file on its way anew."""
    kept = uploads.named(request.args.get("upload", ""))
    state = uploads.job_of(kept).state()
    return render_template("manifests/_progress.html", upload=kept, state=state, phase=Phase)


@bp.post("/manifests/upload/stop")
def stop() -> Page:
    """Stop reading or storing a file; nothing of it stays."""
    kept = uploads.named(request.form.get("upload", ""))
    uploads.job_of(kept).stop()
    return _on_its_way(kept)


def _what_changed(changes: dict[str, str]) -> str:
    changed = [number for number, change in changes.items() if change != "unchanged"]
    if not changed:
        told = say(
            "This file is here already: %(numbers)s says the same. Nothing was changed.",
            numbers=", ".join(changes),
        )
    else:
        told = say("Imported: %(numbers)s.", numbers=", ".join(changed))
    return in_words(told)


# One manifest.


@bp.get("/manifests/<text:number>")
def show(number: str) -> str:
    """Show what a manifest expects, line by line, and what a supervisor may do with it."""
    return _shown(number)


def _shown(number: str, problem: Refused | None = None) -> str:
    only = LineFilter(after=whole("after"), limit=PAGE + 1)
    with backend().database.reading() as session:
        view = reports.manifest(session, actor(), number)
        lines = queries.lines(session, number, Task.RECEIVE, only)
        named = _named_things(session, lines, view.origin, view.receiver)
        paper = _paper(session)
    return render_template(
        "manifests/show.html",
        view=view,
        paper=paper,
        lines=lines[:PAGE],
        following=lines[PAGE - 1].number if len(lines) > PAGE else None,
        today=figures.today(now(), view.receiver),
        problem=problem and in_words(problem.sentence),
        **named,
    )


def _paper(session: Session) -> Signed | None:
    """Return the checkpoint that is printed on papers, for whom all its stations are no secret."""
    _, place = accounts.own_station(session)
    return checkpoints.latest(session) if actor().may_see(place) else None


def _named_things(
    session: Session, lines: Iterable[LineView], *others: str | None
) -> dict[str, dict[str, str]]:
    """Return the names of the places and items that a page mentions."""
    codes = figures.label_codes([*(line.destination for line in lines), *others])
    return {
        "names": queries.place_names(session, codes),
        "items": item_names(session),
    }


def item_names(session: Session) -> dict[str, str]:
    """Return the names of the catalogue's items in the reader's language."""
    is_english = language() == "en"
    rows = queries.items(session)
    return {row.code: figures.capital(row.name_en if is_english else row.name_id) for row in rows}


@bp.get("/manifests/<text:number>.csv")
def export(number: str) -> Response:
    """Return a manifest as a file that can be imported again."""
    with backend().database.reading() as session:
        reports.manifest(session, actor(), number)
        return csv_file(deliveries.export_csv(session, number), number)


@bp.get("/manifests/<text:number>.xlsx")
def export_workbook(number: str) -> Response:
    """Return a manifest as a workbook that can be imported again."""
    with backend().database.reading() as session:
        reports.manifest(session, actor(), number)
        return _workbook(deliveries.export_xlsx(session, number), number)


def _workbook(data: bytes, name: str) -> Response:
    answer = make_response(data)
    answer.content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    answer.headers["Content-Disposition"] = downloads.attachment(f"{name}.xlsx")
    return answer


@bp.get("/manifests/upload/template.csv")
def template() -> Response:
    """Return an empty manifest."""
    return csv_file(deliveries.template_csv(language()), gettext("manifest"))


@bp.get("/manifests/upload/template.xlsx")
def template_workbook() -> Response:
    """Return an empty manifest as a workbook with the codes that may be written."""
    with backend().database.reading() as session:
        data = deliveries.template_xlsx(session, actor(), language(), gettext)
    return _workbook(data, gettext("manifest"))


@bp.post("/manifests/<text:number>/close")
def close(number: str) -> Page:
    """Close a manifest, and seal what was counted by a checkpoint."""
    answer = _changed(number, deliveries.close)
    if not isinstance(answer, tuple):
        backend().seal_closing(now())
    return answer


@bp.post("/manifests/<text:number>/reopen")
def reopen(number: str) -> Page:
    """Open a manifest again."""
    return _changed(number, deliveries.reopen)


@bp.post("/manifests/<text:number>/void")
def void(number: str) -> Page:
    """Make a manifest void."""
    return _changed(number, deliveries.void)


def _changed(number: str, act: Callable[..., None]) -> Page:
    asker, at, reason = actor(), now(), request.form.get("reason")
    try:
        backend().writer.run(lambda session: act(session, asker, number, at=at, reason=reason))
    except (Malformed, Conflict) as refusal:
        return answered(_shown(number, refusal), refusal)
    return redirect(url_for("manifests.show", number=number), 303)


# Reconciliation.

ATTENTION = "attention"
TASKS = (Task.RECEIVE, Task.DISPATCH, Task.RETURN)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines a reader wants to see, and for which task."""

    task: Task
    status: str
    item: str | None
    destination: str | None
    text: str | None
    cursor: int

    def address(self, **other: object) -> dict[str, object]:
        """Return the query string of the same view, or of one that differs in something."""
        own = {"task": self.task.value, "status": self.status, "item": self.item,
               "destination": self.destination, "q": self.text}  # fmt: skip
        return {name: value for name, value in (own | other).items() if value}

    @property
    def filter(self) -> LineFilter:
        """Return which lines to read."""
        status = Status(self.status) if self.status in list(Status) else None
        return LineFilter(
            status, self.item, self.destination, self.cursor, PAGE + 1, self.status == ATTENTION,
            self.text,
        )  # fmt: skip

    @property
    def is_narrow(self) -> bool:
        """Say whether only some lines of a state are wanted, so that its count says nothing."""
        return bool(self.item or self.destination or self.text)


def _asked() -> Asked:
    """Return what the address asks for; a task or status that does not exist is refused."""
    task, status = request.args.get("task", Task.RECEIVE), request.args.get("status", ATTENTION)
    if task not in TASKS or status not in (ATTENTION, "all", *Status):
        raise Malformed("no-such-view", say("There is no such view. Choose one of those shown."))
    return Asked(
        Task(task),
        status,
        request.args.get("item"),
        request.args.get("destination"),
        request.args.get("q", "").strip() or None,
        whole("cursor"),
    )


@bp.get("/manifests/<text:number>/reconciliation")
def reconciliation(number: str) -> str:
    """Show expected against counted: in all, by item, by destination, by line, and extras."""
    return _reconciled("manifests/reconciliation.html", number)


@bp.get("/manifests/<text:number>/reconciliation/live")
def reconciliation_live(number: str) -> str | tuple[str, int]:
    """Answer 204 while nothing was recorded after a position, else the figures anew."""
    if _nothing_new():
        return "", 204
    return _reconciled("manifests/_figures.html", number)


def _nothing_new() -> bool:
    with backend().database.reading() as session:
        return queries.newest_position(session) <= whole("after", -1)


def _reconciled(template: str, number: str) -> str:
    asked = _asked()
    with backend().database.reading() as session:
        # Before the figures: what is recorded while they are read is then asked for again.
        position = queries.newest_position(session)
        view = reports.manifest(session, actor(), number, asked.task)
        shown = _figures(session, view, asked) | {"paper": _paper(session)}
    return render_template(
        template, view=view, asked=asked, position=position, tasks=TASKS, words=words,
        outcome=Outcome, now=now(), today=figures.today(now(), view.receiver), **shown,
    )  # fmt: skip


def _figures(session: Session, view: ManifestView, asked: Asked) -> dict[str, object]:
    """Return what stands in the parts of a reconciliation."""
    lines = queries.lines(session, view.number, asked.task, asked.filter)
    tree = queries.destination_tree(session, view.number, asked.task)
    extras = queries.extras(session, view.number)
    owners = {extra.text: codes.identify(extra.text).region for extra in extras[:MOST_EXTRAS]}
    return {
        "tree": tree,
        "worst": figures.worst_first(tree),
        "sums": queries.item_sums(session, view.number, asked.task),
        "lines": lines[:PAGE],
        "following": lines[PAGE - 1].number if len(lines) > PAGE else None,
        "extras": extras[:MOST_EXTRAS],
        "extra_count": len(extras),
        "known": register.packages(session, [extra.text for extra in extras[:MOST_EXTRAS]]),
        "owners": owners,
        **_named_things(
            session, lines, view.origin, view.receiver, asked.destination, *owners.values()
        ),
    }


MOST_OPEN = 300


@bp.get("/reconciliation")
def reconciliation_today() -> str:
    """Show all open manifests to the asker's place and below as one sum, and each by itself."""
    return _open_reconciled("manifests/today.html")


@bp.get("/reconciliation/live")
def reconciliation_today_live() -> str | tuple[str, int]:
    """Answer 204 while nothing was recorded after a position, else the figures anew."""
    if _nothing_new():
        return "", 204
    return _open_reconciled("manifests/_today.html")


def _open_reconciled(template: str) -> str:
    within = actor().place
    only = ManifestFilter(state="open", limit=MOST_OPEN)
    with backend().database.reading() as session:
        position = queries.newest_position(session)
        found = queries.manifests_found(session, only, within=within)
        names = queries.place_names(session, {within, *_ends(found)})
    return render_template(
        template, found=figures.worst_first(found), names=names, within=within, now=now(),
        totals=figures.summed(view.totals for view in found), position=position,
        today=figures.today(now(), within),
    )  # fmt: skip
