"""Addresses that carry a manifest number or a package code, which may be any printable text."""

from urllib.parse import quote, unquote

from flask.blueprints import BlueprintSetupState
from werkzeug.routing import BaseConverter

_OURS = frozenset({"upload"})
"""Words that an address of ours has where a number would stand."""


class AnyText(BaseConverter):
    """One text in a path, slashes included.

    Servers decode a path once and then split it, and browsers take ``..`` away. So whatever could
    be mistaken is quoted twice, and unquoted here once more; plain numbers look as they are.
    """

    regex = ".+?"
    part_isolating = False

    def to_python(self, value: str) -> str:
        """Return the text."""
        return unquote(value)

    def to_url(self, value: str) -> str:
        """Return the text as it stands in an address."""
        if value in _OURS:
            return quote(f"%{ord(value[0]):02X}{value[1:]}")
        keeps_dots = not (value.startswith(".") or value.endswith(".csv"))
        inner = quote(value, safe="")
        return quote(inner if keeps_dots else inner.replace(".", "%2E"), safe="")


def register(state: BlueprintSetupState) -> None:
    """Make ``<text:name>`` known to the routes of an application."""
    state.app.url_map.converters["text"] = AnyText
