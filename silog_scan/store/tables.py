"""The tables: events are the truth, master data stands beside them, the rest is a projection."""

from datetime import UTC, date, datetime
from typing import Any, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes out of SQLite, which stores none."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC."""
        return value and value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give UTC back."""
        return value and value.replace(tzinfo=UTC)


# Prefix ranges over codes and the order of the export need plain byte order, which PostgreSQL's
# usual collations do not have: en_US sorts 12.71.011 before 12.71.01.1001.
Code = String().with_variant(String(collation="C"), "postgresql")


class Base(DeclarativeBase):
    """Named constraints, so that migrations can alter them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UtcDateTime,
        date: Date,
        str: Code,
        int: BigInteger,
        dict[str, Any]: JSON,
        list[str]: JSON,
    }


def table_of(row: type[Base]) -> Table:
    """Return the table itself: scans are read and written by SQLAlchemy Core."""
    return cast("Table", row.__table__)


# Master data.


class PlaceRow(Base):
    """A place of the tree; ``level`` is core.places.level."""

    __tablename__ = "place"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    level: Mapped[str]


class ItemRow(Base):
    """A kind of goods, with its names, units and own barcode."""

    __tablename__ = "item"

    code: Mapped[str] = mapped_column(primary_key=True)
    name_id: Mapped[str]
    name_en: Mapped[str]
    unit_id: Mapped[str]
    unit_en: Mapped[str]
    barcode: Mapped[str] = mapped_column(unique=True)


class MetaRow(Base):
    """A fact about the data home itself, such as its station or the edition of the regions."""

    __tablename__ = "meta"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class UserRow(Base):
    """A person who may sign in; events know only ``id``.

    ``is_temporary``: the password came from somebody else and is to be changed. ``totp`` is the
    second factor's secret, ``totp_used`` its newest step that was used. ``pin`` is hashed as
    passwords are, ``badge`` the SHA-256 of the card's text.
    """

    __tablename__ = "user_account"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    place: Mapped[str]
    password: Mapped[str]
    language: Mapped[str | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    is_temporary: Mapped[bool] = mapped_column(default=False)
    totp: Mapped[str | None]
    totp_used: Mapped[int] = mapped_column(default=0)
    pin: Mapped[str | None]
    badge: Mapped[str | None] = mapped_column(unique=True)


class RecoveryCodeRow(Base):
    """A code that stands in once for the second factor; ``code`` is its SHA-256."""

    __tablename__ = "recovery_code"

    code: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("user_account.id"), index=True)
    used_at: Mapped[datetime | None]


class SignInRow(Base):
    """A session of a person, or a token for programs; ``token`` is the SHA-256 of what they hold.

    ``id`` names it to its owner, ``label`` is the browser or the token's name. It ``waits_for`` a
    step until the person may go on. ``station`` is the enrolled device it was begun at.
    """

    __tablename__ = "sign_in"

    token: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    user: Mapped[str] = mapped_column(ForeignKey("user_account.id"), index=True)
    kind: Mapped[str]
    label: Mapped[str]
    station: Mapped[str | None]
    scope: Mapped[str]
    waits_for: Mapped[str | None]
    is_locked: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class StationRow(Base):
    """A named place of work with its own chain; ``token`` is the SHA-256 of its bearer token.

    ``task`` is the only one it may do, if one is fixed; ``code`` the SHA-256 of the code that
    fetches a token, once and until ``code_until``; a token is good for so many ``days``, until
    ``expires_at``.
    """

    __tablename__ = "station"

    name: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str]
    token: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    task: Mapped[str | None]
    code: Mapped[str | None] = mapped_column(unique=True)
    code_until: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    days: Mapped[int | None]
    unsent: Mapped[int] = mapped_column(default=0)
    seen_at: Mapped[datetime | None]


# The truth.


class EventRow(Base):
    """An event as it is kept; ``position`` is its place in the order of this database."""

    __tablename__ = "event"
    __table_args__ = (UniqueConstraint("station", "previous"),)

    station: Mapped[str] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    at: Mapped[str]
    body: Mapped[str] = mapped_column(Text)
    previous: Mapped[str]
    digest: Mapped[str]
    position: Mapped[int] = mapped_column(index=True, unique=True)


class CheckpointRow(Base):
    """A checkpoint that was handed out: its signed note, and why it was made."""

    __tablename__ = "checkpoint"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    size: Mapped[int]
    reason: Mapped[str]
    note: Mapped[str] = mapped_column(Text)


class ManifestRow(Base):
    """A manifest; its state follows from events, its lines from the file that came with one."""

    __tablename__ = "manifest"

    number: Mapped[str] = mapped_column(primary_key=True)
    origin: Mapped[str] = mapped_column(index=True)
    receiver: Mapped[str] = mapped_column(index=True)
    due: Mapped[date | None]
    state: Mapped[str]
    version: Mapped[int]
    by_parent: Mapped[bool]
    imported_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    file_sha256: Mapped[str]
    lines_sha256: Mapped[str]


class MappingRow(Base):
    """Which columns somebody chose for files with a header, by the keys of its cells and sender."""

    __tablename__ = "mapping"

    header: Mapped[str] = mapped_column(primary_key=True)
    sender: Mapped[str] = mapped_column(primary_key=True)
    fields: Mapped[dict[str, Any]]
    chosen_at: Mapped[datetime]


class LineRow(Base):
    """A line; ``number`` never changes, versions say from which to which issue it stands.

    Lines are written before the event that makes their issue the manifest's version, without
    which they count for nothing; so a line may be there before its manifest is.
    """

    __tablename__ = "line"
    __table_args__ = (
        Index(None, "package"),
        Index(None, "parent"),
        Index(None, "manifest", "item", "package", "row"),
        Index(None, "manifest", "destination"),
    )

    manifest: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    row: Mapped[int]
    item: Mapped[str]
    quantity: Mapped[int]
    destination: Mapped[str]
    package: Mapped[str | None]
    parent: Mapped[str | None]
    seals: Mapped[list[str]]
    due: Mapped[date | None]
    note: Mapped[str]
    unit: Mapped[str]
    extra: Mapped[dict[str, Any]]
    first_version: Mapped[int]
    last_version: Mapped[int]


class LabelRow(Base):
    """The modules of a label of ours: ``bits`` of all rows in hex, ``digest`` their SHA-256.

    A package may have several: another symbology, or another version of the encoder. They are
    written once and stay, as the paper does; ``made_at`` and ``user`` are of the first print.
    """

    __tablename__ = "label"

    package: Mapped[str] = mapped_column(primary_key=True)
    symbology: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    gs1: Mapped[bool]
    width: Mapped[int]
    bits: Mapped[str]
    encoder: Mapped[int]
    made_at: Mapped[datetime]
    user: Mapped[str | None]


# Projections: each can be made again from the events.


class PackageRow(Base):
    """Where a package stands that was moved, and what it holds since; lines say the rest."""

    __tablename__ = "package"
    __table_args__ = (Index(None, "place", "item"),)

    code: Mapped[str] = mapped_column(primary_key=True)
    item: Mapped[str | None]
    quantity: Mapped[int]
    place: Mapped[str | None]
    left_on: Mapped[str | None]
    condition: Mapped[str]
    arrived: Mapped[str | None]
    seals: Mapped[list[str]]


class CustodyRow(Base):
    """An event in a package's history, and how the package stood after it."""

    __tablename__ = "custody"

    package: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    station: Mapped[str]
    sequence: Mapped[int]
    changed: Mapped[bool]
    undone: Mapped[bool]
    place: Mapped[str | None]
    left_on: Mapped[str | None]
    condition: Mapped[str]
    arrived: Mapped[str | None]
    seals: Mapped[list[str]]


class ScanRow(Base):
    """A scan by its id, which is counted once for ever."""

    __tablename__ = "scan"
    __table_args__ = (
        Index(None, "manifest", "outcome"),
        Index(None, "station", "sequence"),
        Index(None, "place", "position"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    station: Mapped[str]
    sequence: Mapped[int]
    position: Mapped[int]
    task: Mapped[str]
    place: Mapped[str]
    manifest: Mapped[str | None]
    text: Mapped[str]
    package: Mapped[str | None]
    item: Mapped[str | None]
    outcome: Mapped[str]
    user: Mapped[str | None]
    scanned_at: Mapped[datetime]
    at: Mapped[datetime]
    undone_by: Mapped[str | None]


class CountedRow(Base):
    """A package counted on a manifest for a task: its key is why none counts twice."""

    __tablename__ = "counted"

    package: Mapped[str] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(primary_key=True)
    manifest: Mapped[str] = mapped_column(primary_key=True)
    scan: Mapped[str]
    station: Mapped[str]
    sequence: Mapped[int]
    place: Mapped[str]
    at: Mapped[str]
    user: Mapped[str | None]


class LineCountRow(Base):
    """What was counted on a line for a task, in the line's own measure."""

    __tablename__ = "line_count"

    manifest: Mapped[str] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    task: Mapped[str] = mapped_column(primary_key=True)
    counted: Mapped[int]
    damaged: Mapped[int]


class ExpectedRow(Base):
    """What a manifest expects by destination and item; destination "" sums the manifest."""

    __tablename__ = "expected"

    manifest: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    lines: Mapped[int]
    packages: Mapped[int]
    units: Mapped[int]


class TallyRow(Base):
    """What was counted for a task by destination and item; destination "" sums the manifest."""

    __tablename__ = "tally"

    manifest: Mapped[str] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    matched: Mapped[int]
    short: Mapped[int]
    surplus: Mapped[int]
    damaged: Mapped[int]
    packages: Mapped[int]
    units: Mapped[int]


class BlockRow(Base):
    """Lines by status for a task, of a hundred line numbers: where to look for those in one."""

    __tablename__ = "block"

    manifest: Mapped[str] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(primary_key=True)
    block: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    missing: Mapped[int]
    matched: Mapped[int]
    short: Mapped[int]
    surplus: Mapped[int]
    damaged: Mapped[int]


class StockRow(Base):
    """What lies where: units and packages by item and condition."""

    __tablename__ = "stock"

    place: Mapped[str] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    condition: Mapped[str] = mapped_column(primary_key=True)
    quantity: Mapped[int]
    packages: Mapped[int]


class DiscrepancyRow(Base):
    """A difference somebody has to settle, opened by the scan of the same id."""

    __tablename__ = "discrepancy"
    __table_args__ = (Index(None, "place", "state"), Index(None, "manifest"))

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    place: Mapped[str]
    manifest: Mapped[str | None]
    package: Mapped[str | None]
    item: Mapped[str | None]
    text: Mapped[str]
    opened_at: Mapped[datetime]
    state: Mapped[str]
    position: Mapped[int]


PROJECTIONS = (
    PackageRow,
    CustodyRow,
    ScanRow,
    CountedRow,
    LineCountRow,
    ExpectedRow,
    TallyRow,
    BlockRow,
    StockRow,
    DiscrepancyRow,
)
"""What ``ledger rebuild`` empties and makes again; ManifestRow's state is made again too."""
