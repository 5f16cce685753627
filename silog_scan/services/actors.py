"""Who acts: a person or a station, at which place, through which chain."""

from dataclasses import dataclass
from enum import StrEnum

from silog_scan.core.errors import NotYours, say
from silog_scan.core.places import is_at_or_below
from silog_scan.core.stock import Task


class Role(StrEnum):
    """What a person may do; each role is bound to a place and all below it."""

    STAFF = "staff"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    OBSERVER = "observer"


DECIDING = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
"""The roles that close, settle and sign."""


class Scope(StrEnum):
    """How much of a person's role a token carries; a browser carries all of it."""

    READ = "read"
    RECORD = "record"
    ALL = "all"


CLI_USER = "cli"
"""Who the command line acts as; it answers to whoever may read the data home."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts; ``station`` is whose chain records it, ``device`` that a station's token was shown.

    ``enrolled`` says that a person works at an enrolled station; ``task`` is the only one such a
    station may do, if one is fixed.
    """

    station: str
    place: str
    role: Role
    user: str | None = None
    device: bool = False
    enrolled: bool = False
    task: Task | None = None
    scope: Scope = Scope.ALL

    @property
    def may_record(self) -> bool:
        """Say whether it may scan and import; an observer only looks, as does a reading token."""
        return self.role is not Role.OBSERVER and self.scope is not Scope.READ

    @property
    def may_decide(self) -> bool:
        """Say whether it may close, undo what others scanned, and settle."""
        return self.role in DECIDING and self._is_whole

    @property
    def may_administer(self) -> bool:
        """Say whether it may keep accounts and stations."""
        return self.role is Role.ADMINISTRATOR and self._is_whole

    @property
    def _is_whole(self) -> bool:
        return not self.device and self.scope is Scope.ALL

    def must_record(self) -> None:
        """Refuse who may only look."""
        if self.scope is Scope.READ:
            raise NotYours("scope-too-small", say("This token only reads. Use another one."))
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

    def must_do(self, task: Task) -> None:
        """Refuse a task other than the one fixed for this station; to look up is always allowed."""
        if self.task is not None and task not in (self.task, Task.LOOKUP):
            raise _not_this_task(self.task)

    def must_be_free(self) -> None:
        """Refuse what is no task at all where the station has one fixed, such as an import."""
        if self.task is not None:
            raise _not_this_task(self.task)

    def may_see(self, place: str) -> bool:
        """Say whether a place is its own or below it."""
        return is_at_or_below(place, self.place)

    def may_see_hop(self, origin: str, receiver: str) -> bool:
        """Say whether a manifest begins or ends at its own place or below."""
        return self.may_see(receiver) or self.may_see(origin)

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


def _not_this_task(fixed: Task) -> NotYours:
    told = say("This station only does the task %(task)s. Ask the administrator.", task=fixed.value)
    return NotYours("task-not-yours", told)
