"""Forms as requests bring them, made fit for the libraries that read them."""

from typing import IO, Any, TypeVar

from flask import Request
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.formparser import FormDataParser

T = TypeVar("T")
_Parsed = tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]


def number(text: str, most: int) -> int | None:
    """Return a whole number that was typed or sent, or None where it is none from 0 to ``most``."""
    is_one = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    return int(text) if is_one and int(text) <= most else None


class _Named(FormDataParser):
    """Leaves out parts without a name, on which Flask-WTF fails as it looks for its token."""

    def parse(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str] | None = None,
    ) -> _Parsed:
        """Return the rest of the stream, the fields and the files."""
        rest, fields, files = super().parse(stream, mimetype, content_length, options)
        nameless: Any = None  # werkzeug's types say that every part has a name
        for file in files.getlist(nameless):
            file.close()
        return rest, _named(fields), _named(files)


def _named(parts: MultiDict[str, T]) -> MultiDict[str, T]:
    return type(parts)(
        (name, part)
        for name, part in parts.items(multi=True)
        if name is not None  # type: ignore[redundant-expr]  # whatever werkzeug's types say
    )


class NamedRequest(Request):
    """A request whose form has only fields with names."""

    form_data_parser_class = _Named
