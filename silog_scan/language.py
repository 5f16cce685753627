"""Translations outside a web request: the command line's, and the catalogue's place on disk."""

import gettext
from collections.abc import Callable
from functools import cache
from pathlib import Path

TRANSLATIONS = Path(__file__).parent / "translations"


@cache
def translator(language: str) -> Callable[[str], str]:
    """Return the function from an English sentence to the language's; English stands as it is."""
    found = gettext.translation("messages", TRANSLATIONS, languages=[language], fallback=True)
    return found.gettext
