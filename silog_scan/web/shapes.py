"""The shapes of the API: what is validated is what the OpenAPI document says."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    WrapValidator,
)

from silog_scan.core.custody import Outcome, Severity
from silog_scan.core.reconcile import Status
from silog_scan.core.stock import Condition, Task
from silog_scan.vision.locate import Hint


def _any_text(value: object, check: Any) -> object:  # noqa: ANN401  # pydantic's handler
    """Let any text through, lone surrogates too: a text that is no code makes a scan invalid."""
    return value if isinstance(value, str) else check(value)


def _written(value: object) -> object:
    """Refuse a number: pydantic would take it for seconds since 1970."""
    if not isinstance(value, str) or value.replace(".", "").strip("+-").isdigit():
        raise ValueError("write the time as 2026-02-02T12:00:00+07:00")
    return value


def _in_utc(value: datetime) -> datetime:
    """Return the time in UTC, or refuse one that falls out of the calendar there."""
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("this time does not exist in UTC") from error


AnyText = Annotated[str, WrapValidator(_any_text)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_in_utc)]
# Without NUL, which PostgreSQL keeps in no text.
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Code = Annotated[str, Field(min_length=1, max_length=4_096, pattern=r"^[^\x00]*$")]


class Strict(BaseModel):
    """A body or a query in which a misspelt name is an error, not a silence."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """An error, RFC 9457; ``code`` is stable, ``detail`` is for people."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: list[dict[str, Any]] | None = None


class RecognisedIn(Strict):
    """A suggestion as the station offered it, for a label that nobody could read."""

    token: Annotated[str, Field(max_length=4_096)]
    picture: Annotated[str, Field(max_length=2_000_000)]


class ScanIn(Strict):
    """One scan; its id makes a repetition harmless."""

    id: UUID
    text: AnyText
    symbology: Annotated[str, Field(max_length=40)] | None = None
    source: Literal["camera", "wedge", "manual", "photo"] = "manual"
    scanned_at: Moment
    quantity: Annotated[int, Field(strict=True, ge=1, le=9_999_999)] | None = None
    condition: Condition | None = None
    seals: Annotated[list[Name], Field(max_length=50)] | None = None
    parent: Code | None = None
    destination: Name | None = None
    counter: Annotated[int, Field(strict=True, ge=0, lt=2**53)] | None = None
    recognised: RecognisedIn | None = None


class EnrolIn(Strict):
    """The code an administrator was shown for a new device."""

    code: Annotated[str, Field(min_length=1, max_length=40)]


class EnrolledOut(BaseModel):
    """The station a device has become; the token is shown this once."""

    station: str
    place: str
    token: str
    task: str | None = None
    expires_at: datetime | None = None


class ScansIn(Strict):
    """Scans of one task, 1 to 500; ``place`` is the station's when left out."""

    task: Task
    place: Name | None = None
    manifest: Name | None = None
    scans: Annotated[list[ScanIn], Field(min_length=1, max_length=500)]


class CountsOut(BaseModel):
    """How far the manifest is."""

    expected: int
    counted: int
    remaining: int


class EventOut(BaseModel):
    """Where the scan stands in its station's chain."""

    station: str
    sequence: int
    digest: str


class ErrorOut(BaseModel):
    """Why one scan of a batch was refused."""

    code: str
    message: str


class ResultOut(BaseModel):
    """The answer to one scan, or an error."""

    id: str
    outcome: Outcome | None = None
    severity: Severity | None = None
    message: str | None = None
    package: str | None = None
    manifest: str | None = None
    counts: CountsOut | None = None
    event: EventOut | None = None
    error: ErrorOut | None = None


class ClockOut(BaseModel):
    """By how many seconds the device's clock is fast, negative slow, and what to tell."""

    seconds: int
    message: str


class ResultsOut(BaseModel):
    """The answers, in the order of the scans; ``clock`` where the device's is wrong."""

    results: list[ResultOut]
    clock: ClockOut | None = None


class ScanPath(BaseModel):
    """A scan by its id."""

    id: UUID


class UndoIn(Strict):
    """Why a scan is taken back; ``package`` takes only that child out of a parent's scan."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]
    package: Code | None = None


class UndoOut(BaseModel):
    """The undo's own event."""

    id: str
    undone: bool
    event: EventOut


class ReadingOut(BaseModel):
    """A code in a picture; corners in pixels."""

    text: str
    symbology: str
    symbology_identifier: str
    corners: list[list[int]]
    stage: str


class UnreadOut(BaseModel):
    """A code that is there and was not read; corners in pixels, and what would help."""

    corners: list[list[int]]
    hint: Hint


class SuggestionOut(BaseModel):
    """What an unread label of ours probably is; a person confirms it at the station's page.

    ``picture`` is the label's piece of the picture, a PNG in base64.
    """

    text: str
    symbology: str
    corners: list[list[int]]
    picture: str
    token: str


class ReadingsOut(BaseModel):
    """What was read, what was located in vain, and how long it took."""

    readings: list[ReadingOut]
    unread: list[UnreadOut]
    suggestions: list[SuggestionOut]
    ms: float


class ManifestPath(BaseModel):
    """A manifest by its number."""

    number: Name


class ImportQuery(Strict):
    """How a file is taken."""

    dry_run: bool = False
    number: Name | None = None
    from_: Annotated[Name | None, Field(alias="from")] = None
    to: Name | None = None
    good_rows: bool = False
    by_parent: bool = False
    map: list[str] = []


class RowProblemOut(BaseModel):
    """What is wrong with a cell."""

    row: int
    column: str
    value: str
    code: str
    message: str


class ImportOut(BaseModel):
    """What a file held, and what became of its manifests: new, changed or unchanged."""

    number: str | None
    numbers: list[str]
    rows: int
    accepted: int
    problems: list[RowProblemOut]
    warnings: list[RowProblemOut]
    changes: dict[str, Literal["new", "changed", "unchanged"]]
    imported: bool


class TotalsOut(BaseModel):
    """Lines by status; they sum up to ``lines``."""

    lines: int
    matched: int
    missing: int
    short: int
    surplus: int
    damaged: int
    extras: int


class PackagesOut(BaseModel):
    """Packages expected and counted."""

    expected: int
    counted: int


class ManifestOut(BaseModel):
    """A manifest without its lines."""

    number: str
    from_: Annotated[str, Field(serialization_alias="from")]
    to: str
    due: date | None
    state: Literal["open", "closed", "void"]
    version: int
    by_parent: bool
    totals: TotalsOut
    packages: PackagesOut


class ManifestsOut(BaseModel):
    """A page of manifests; ``next`` is the cursor of the following one."""

    manifests: list[ManifestOut]
    next: str | None


class PageQuery(Strict):
    """A page of a list by cursor."""

    after: Name | None = None
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


class LinesQuery(Strict):
    """Which lines."""

    status: Status | None = None
    item: Name | None = None
    destination: Name | None = None
    task: Task = Task.RECEIVE
    after: Annotated[int, Field(ge=0, lt=2**53)] = 0
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


class LineOut(BaseModel):
    """A line with what was counted on it."""

    row: int
    package: str | None
    item: str
    destination: str
    expected: int
    counted: int
    damaged: int
    status: Status


class LinesOut(BaseModel):
    """A page of lines; ``next`` is the cursor of the following one."""

    lines: list[LineOut]
    next: int | None


class TaskQuery(Strict):
    """Which task's counts."""

    task: Task = Task.RECEIVE


class ItemSumOut(BaseModel):
    """Units of an item."""

    item: str
    expected: int
    counted: int


class DestinationSumOut(BaseModel):
    """Lines of a destination."""

    place: str
    name: str
    lines: int
    matched: int


class ExtraOut(BaseModel):
    """A text scanned for the manifest without a line of it."""

    text: str
    outcome: Outcome
    scanned_at: str
    station: str
    scans: int


class ReconciliationOut(BaseModel):
    """Expected against counted; ``lines`` are the first page, more come from ``…/lines``."""

    manifest: str
    place: str
    state: Literal["open", "closed", "void"]
    totals: TotalsOut
    packages: PackagesOut
    items: list[ItemSumOut]
    destinations: list[DestinationSumOut]
    lines: list[LineOut]
    extras: list[ExtraOut]


class ReasonIn(Strict):
    """Why it is done."""

    reason: Annotated[str, Field(max_length=500)] | None = None


class StateOut(BaseModel):
    """The manifest's state."""

    number: str
    state: Literal["open", "closed", "void"]


class PlaceQuery(Strict):
    """At a place and below; the asker's own when left out."""

    place: Name | None = None


class StockOut(BaseModel):
    """What lies at a place."""

    place: str
    item: str
    condition: Condition
    quantity: int
    packages: int


class StockListOut(RootModel[list[StockOut]]):
    """What lies where."""


class PackagePath(BaseModel):
    """A package by its code."""

    code: Code


class CustodyOut(BaseModel):
    """One event in a package's history."""

    at: str
    station: str
    task: Task
    outcome: str
    place: str


class PackageOut(BaseModel):
    """Where a package is and how it came there."""

    package: str
    item: str | None
    destination: str | None
    place: str | None
    state: Literal["expected", "stored", "in-transit"]
    condition: Condition
    events: list[CustodyOut]


class DiscrepancyOut(BaseModel):
    """A difference somebody has to settle."""

    id: str
    kind: str
    place: str
    manifest: str | None
    package: str | None
    item: str | None
    text: str
    opened_at: str
    state: str


class DiscrepanciesOut(BaseModel):
    """Open discrepancies, newest first."""

    discrepancies: list[DiscrepancyOut]


class EventsQuery(Strict):
    """Events recorded after a position."""

    after: Annotated[int, Field(ge=0, lt=2**53)] = 0
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100


class FullEventOut(BaseModel):
    """An event as the export writes it."""

    station: str
    sequence: int
    id: str
    kind: str
    at: str
    body: dict[str, Any]
    previous: str
    digest: str


class EventsOut(BaseModel):
    """A page of events; ``next`` is what to ask after."""

    events: list[FullEventOut]
    next: int
