"""Who acts: a person or a station, at which place, through which chain."""

from dataclasses import dataclass
from enum import StrEnum

from silog_scan.core.errors import NotYours, say
from silog_scan.core.places import is_at_or_below


class Role(StrEnum):
    """What a person may do; each role is bound to a place and all below it."""

    STAFF = "staff"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    OBSERVER = "observer"


CLI_USER = "cli"
"""Who the command line acts as; it answers to whoever may read the data home."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts; ``station`` is whose chain records it, ``device`` that a token was shown."""

    station: str
    place: str
    role: Role
    user: str | None = None
    device: bool = False

    @property
    def may_record(self) -> bool:
        """Say whether it may scan and import; an observer only looks."""
        return self.role is not Role.OBSERVER

    @property
    def may_decide(self) -> bool:
        """Say whether it may close, undo what others scanned, and settle."""
        return self.role in (Role.SUPERVISOR, Role.ADMINISTRATOR) and not self.device

    @property
    def may_administer(self) -> bool:
        """Say whether it may keep accounts and stations."""
        return self.role is Role.ADMINISTRATOR and not self.device

    def must_record(self) -> None:
        """Refuse who may only look."""
        if not self.may_record:
            raise NotYours(
                "role-not-allowed",
                say("Observers look and check; they do not record. Ask the warehouse staff."),
            )

    def must_decide(self) -> None:
        """Refuse who is no supervisor."""
        if not self.may_decide:
            raise NotYours(
                "role-not-allowed", say("Only a supervisor or administrator may do this. Ask one.")
            )

    def must_administer(self) -> None:
        """Refuse who is no administrator."""
        if not self.may_administer:
            raise NotYours("role-not-allowed", say("Only an administrator may do this. Ask one."))

    def may_see(self, place: str) -> bool:
        """Say whether a place is its own or below it."""
        return is_at_or_below(place, self.place)

    def must_hold(self, place: str) -> None:
        """Refuse a place that is not its own nor below it."""
        if not self.may_see(place):
            raise NotYours(
                "place-not-yours",
                say(
                    "%(place)s is not your place (%(own)s) nor below it. Choose your own place.",
                    place=place,
                    own=self.place,
                ),
            )
