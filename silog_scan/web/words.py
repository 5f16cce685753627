"""The words of the screen for what the code names: outcomes, tasks, roles, conditions, hints."""

from silog_scan.core.custody import Outcome
from silog_scan.core.errors import Sentence, say
from silog_scan.core.stock import Condition, Task
from silog_scan.services.actors import Role, Scope
from silog_scan.vision.locate import Hint

OUTCOMES: dict[Outcome, Sentence] = {
    Outcome.ACCEPTED: say("Match"),
    Outcome.DUPLICATE: say("Already counted"),
    Outcome.SURPLUS: say("Surplus"),
    Outcome.DAMAGED: say("Damaged"),
    Outcome.OTHER_MANIFEST: say("Other manifest"),
    Outcome.UNEXPECTED: say("Not on list"),
    Outcome.UNKNOWN: say("Unknown"),
    Outcome.WRONG_DESTINATION: say("Wrong place"),
    Outcome.SEAL_MISMATCH: say("Seal differs"),
    Outcome.NOT_HERE: say("Not here"),
    Outcome.ALREADY_DISPATCHED: say("Already sent"),
    Outcome.MANIFEST_CLOSED: say("Manifest closed"),
    Outcome.INVALID: say("Bad code"),
}

TASKS: dict[Task, Sentence] = {
    Task.RECEIVE: say("Receive"),
    Task.DISPATCH: say("Send"),
    Task.PACK: say("Pack"),
    Task.UNPACK: say("Unpack"),
    Task.SEAL: say("Seal"),
    Task.INSPECT: say("Inspect"),
    Task.COUNT: say("Count"),
    Task.RETURN: say("Return"),
    Task.LOOKUP: say("Look up"),
}

ROLES: dict[Role, Sentence] = {
    Role.STAFF: say("Staff"),
    Role.SUPERVISOR: say("Supervisor"),
    Role.ADMINISTRATOR: say("Administrator"),
    Role.OBSERVER: say("Observer"),
}

SCOPES: dict[Scope, Sentence] = {
    Scope.READ: say("only read"),
    Scope.RECORD: say("read and record scans"),
    Scope.ALL: say("all that I may do"),
}

CONDITIONS: dict[Condition, Sentence] = {
    Condition.GOOD: say("Good"),
    Condition.DAMAGED: say("Damaged"),
}

HINTS: dict[Hint, Sentence] = {
    Hint.CLOSER: say("Closer"),
    Hint.HOLD_STILL: say("Hold still"),
    Hint.TILT: say("Tilt it against the glare"),
    Hint.DIRTY: say("Wipe the label, or type its number"),
}
"""What hands do about a label that was found and not read."""

FIELDS = {
    "manifest": say("Manifest number"),
    "from": say("Origin"),
    "to": say("Receiver"),
    "package": say("Package code"),
    "item": say("Item"),
    "quantity": say("Quantity"),
    "destination": say("Destination"),
    "parent": say("Parent package"),
    "seals": say("Seal numbers"),
    "due": say("Due date"),
    "note": say("Note"),
    "unit": say("Unit"),
}
"""The fields of a manifest file, in the order of its columns."""
