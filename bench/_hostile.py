"""Inputs that mean harm or nonsense, by kind: each is made from a chance, and is one request."""

import io
import json
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import numpy as np
import zxingcpp
from PIL import Image

from silog_scan.core.custody import OFFERED

FIXTURES = Path(__file__).parents[1] / "fixtures"
MANIFEST = "SJ-1271-0147"
TEXTS = 50
"""Texts of one request."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it comes over the wire; ``inputs`` is how many texts it carries."""

    method: str
    target: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    body: bytes = b""
    inputs: int = 1

    def written(self) -> bytes:
        """Return it as HTTP/1.1 has it, for a file."""
        lines = [f"{name}: ".encode() + value for name, value in self.headers]
        head = b"\r\n".join([self.method.encode() + b" " + self.target + b" HTTP/1.1", *lines])
        return head + b"\r\n\r\n" + self.body


@dataclass(frozen=True, slots=True)
class World:
    """What the requests know of the station: tokens and a signed-in cookie."""

    station: str
    administrator: str
    cookie: str
    form: str


Maker = Callable[[Random, World], Request]


def call(
    world: World,
    method: str,
    target: str | bytes,
    body: bytes = b"",
    kind: str = "application/json",
) -> Request:
    """Return a call of the API by an enrolled station, or by the administrator."""
    target = target.encode() if isinstance(target, str) else target
    headers = (("Authorization", f"Bearer {world.administrator}".encode()),
               ("Content-Type", kind.encode()))  # fmt: skip
    return Request(method, target, headers, body)


# ----------------------------------------------------------------------------------------- texts

_ODD = (
    "", " ", "\0", "a\0b", "\x1d", "\x1e\x04", "\x1b[2J", "\r\n", "\u202e", "\u2066\u2069\u200b",
    "\ufeff", "\ud800", "\udfff\ud800", "\U0010ffff", "\ufffe", "\u0130", "ß" * 9, "\u0301" * 90,
    "\u115f\u3164", "12.71", "1271-KS-004501", "SLG-ITEM-TINTA", "SLG-CMD-QTY-38", "SLG-TASK-",
    "SLG-PLACE-12.71.01", "SLG-CMD-QTY-99999999999", "\u0661\u0662\u0663",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", "javascript:alert(1)", "%s%n%(n)s",
    "{{7*7}}",
    "'; DROP TABLE event;--", "${7*7}", "../../etc/passwd", "%00", "%252e%252e", "null", "NaN",
    "1e999",
)  # fmt: skip
_GS1 = (
    "]C1", "]d2", "]Q3", "]e0", "\x1d", "(00)", "(01)", "(21)", "(10)", "(17)", "(3103)", "(8003)",
    "00", "01", "21", "10", "17", "99", "8200", "3922", "7023", "341234567890123457",
    "09506000134352",
    "260230", "ABC123", "https://id.gs1.org/01/09506000134352/21/", "https://id.gs1.org/00/",
    "http://[::1/01/", "/01/", "/00/", "?17=260101", "%1D", "[)>\x1e06\x1d", "\x1e\x04",
)  # fmt: skip


def letters(chance: Random, most: int) -> str:
    """Return letters of all of Unicode, surrogates among them."""
    top = chance.choice((0x7F, 0xFF, 0x2FFF, 0xFFFF, 0x10FFFF))
    return "".join(chr(chance.randint(0, top)) for _ in range(chance.randint(0, most)))


def text(chance: Random) -> str:
    """Return a text as a scanner, or somebody who plays one, may send it."""
    match chance.randrange(8):
        case 0:
            return letters(chance, 40)
        case 1:
            return chance.choice(_ODD) + letters(chance, 5) + chance.choice(_ODD)
        case 2:
            return chance.choice("1A\u202e\U0001f4e6") * chance.choice((4_095, 4_096, 4_097, 7_089))
        case 3:
            letters_of = chance.choice(("KS", "BL", "XX", "ks"))
            return f"1271-{letters_of}-{chance.randrange(4_490, 4_530):06}"
        case 4:
            return gs1(chance)
        case _:
            return chance.choice(_ODD)


def gs1(chance: Random) -> str:
    """Return something that looks like a GS1 element string or Digital Link."""
    parts = (chance.choice(_GS1) for _ in range(chance.randint(1, 7)))
    made = "".join(parts)
    return mutated(chance, made.encode()).decode("latin-1") if chance.random() < 0.3 else made


def scans_of(chance: Random, world: World, make: Callable[[Random], str]) -> Request:
    """Return a batch of scans whose texts are made."""
    scans = [_scan(chance, make(chance)) for _ in range(TEXTS)]
    task = chance.choice(tuple(OFFERED))
    content: dict[str, Any] = {"task": task, "scans": scans}
    if chance.random() < 0.05:  # each unknown text of a manifest is one more on its pages
        content["manifest"] = MANIFEST
    made = call(world, "POST", "/api/v1/scans", json.dumps(content).encode())
    station = ("Authorization", f"Bearer {world.station}".encode())
    return Request(made.method, made.target, (station, *made.headers[1:]), made.body, TEXTS)


def _scan(chance: Random, of: str) -> dict[str, Any]:
    scan: dict[str, Any] = {
        "id": uuid(chance),
        "text": of,
        "scanned_at": "2026-02-02T12:00:00+07:00",
    }
    if chance.random() < 0.3:
        scan["symbology"] = chance.choice(("qrcode", "ean13", "ean8", "upca", "itf", "\u202e"))
    if chance.random() < 0.1:
        scan["seals"] = [chance.choice(("A1271001", "\u202ex", "<b>", "'; --"))]
    return scan


def uuid(chance: Random) -> str:
    """Return an id of version 7, of any time."""
    digits = f"{chance.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-7{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def scan_texts(chance: Random, world: World) -> Request:
    """Return scans of texts of any kind."""
    return scans_of(chance, world, text)


def gs1_texts(chance: Random, world: World) -> Request:
    """Return scans of GS1 texts."""
    return scans_of(chance, world, gs1)


def addresses(chance: Random, world: World) -> Request:
    """Return a page or a call whose address carries a text."""
    path, query = chance.choice(_ADDRESSES)
    made = text(chance)[:2_000].encode("utf-8", "surrogatepass")
    raw = mutated(chance, made) if chance.random() < 0.2 else made
    part = quote(raw, safe="" if chance.random() < 0.7 else "/%?#").encode()
    if chance.random() < 0.2:
        part = quote(part, safe="").encode()
    target = path.encode().replace(b"{}", part) + (f"?{query}".encode() + part if query else b"")
    return Request("GET", target, (("Cookie", world.cookie.encode()), *_bearer(world, path)))


def _bearer(world: World, path: str) -> tuple[tuple[str, bytes], ...]:
    return call(world, "GET", "").headers[:1] if path.startswith("/api") else ()


_ADDRESSES = (
    ("/packages/{}", ""), ("/packages", "code="), ("/manifests/{}", ""), ("/manifests/{}.csv", ""),
    ("/manifests/{}/reconciliation", ""), ("/manifests", "q="), ("/manifests", "after="),
    ("/stock", "place="), ("/stock", "item="), ("/stock", "after="), ("/start/places", "q="),
    (f"/manifests/{MANIFEST}/reconciliation", "q="), (f"/manifests/{MANIFEST}/reconciliation",
    "cursor="),
    (f"/manifests/{MANIFEST}/reconciliation", "destination="), (f"/manifests/{MANIFEST}", "after="),
    ("/", "place="), ("/", "task="), ("/sign-in", "next="), ("/ledger/checkpoint.txt", "at="),
    ("/station/live", "after="), ("/{}", ""), ("/static/{}", ""), ("/manifests/upload/refused",
    "upload="),
    ("/api/v1/packages/{}", ""), ("/api/v1/manifests/{}", ""), ("/api/v1/manifests/{}/export", ""),
    ("/api/v1/stock", "place="), ("/api/v1/events", "after="), ("/api/v1/manifests", "after="),
    (f"/api/v1/manifests/{MANIFEST}/lines", "item="), ("/api/v1/discrepancies", "place="),
    (f"/api/v1/manifests/{MANIFEST}/lines", "after="), ("/api/v1/{}", ""), ("/", "lang="),
)  # fmt: skip


# ---------------------------------------------------------------------------------------- bodies

_NASTY: tuple[Any, ...] = (
    None, True, 0, -1, 1, 2**31, 2**53, 2**64, -(2**63), 1.5, 1e308, [], {}, [[]], "", " ", "\0",
    "\ud800", "\u202e", "x" * 5_000, "12.71", "12.71.99", "2026-02-30T12:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "2026-02-02T12:00:00", "1e400", "camera", "good", MANIFEST,
)  # fmt: skip
_RAW = (
    b"", b"{", b"[]", b"null", b"NaN", b'{"a":NaN}', b"\xff\xfe{}", b"\xef\xbb\xbf{}", b'"\\ud800"',
    b"[" * 100_000, b'{"a":' * 9_999, b"1" * 100_000, b'{"scans":' + b"9" * 5_000 + b"}",
    b"\0" * 99,
    '{"task":"receive"}'.encode("utf-16"), b'{"task":"receive","task":"x"}',
)  # fmt: skip


def bodies(chance: Random, world: World) -> Request:
    """Return a call whose JSON is not what the call wants, or nearly."""
    path, content = _calls(chance)
    if chance.random() < 0.1:
        return call(world, "POST", path, chance.choice(_RAW))
    for _ in range(chance.randint(1, 3)):
        content = bent(chance, content)
    raw = json.dumps(content).encode()
    if chance.random() < 0.2:
        raw = mutated(chance, raw)
    return call(world, "POST", path, raw)


def _calls(chance: Random) -> tuple[str, Any]:
    scan = _scan(chance, chance.choice(_ODD)) | {
        "quantity": 2, "condition": "good", "seals": ["A1"], "parent": "P",
        "destination": "12.71.01",
        "counter": 1, "source": "wedge",
    }  # fmt: skip
    return chance.choice((
        ("/api/v1/scans", {"task": "receive", "place": "12.71", "manifest": MANIFEST,
        "scans": [scan]}),
        ("/api/v1/scans", {"task": "return", "scans": [scan, scan]}),
        (f"/api/v1/scans/{scan['id']}/undo", {"reason": "wrong", "package": "P"}),
        (f"/api/v1/manifests/{MANIFEST}/close", {"reason": "late"}),
        (f"/api/v1/manifests/{MANIFEST}/reopen", {"reason": "late"}),
        (f"/api/v1/manifests/{MANIFEST}/void", {"reason": "late"}),
    ))  # fmt: skip


def bent(chance: Random, content: Any) -> Any:  # noqa: ANN401  # JSON
    """Return JSON in which one value, somewhere, is another, or gone, or twice there."""
    if isinstance(content, dict) and content and chance.random() < 0.9:
        name = chance.choice(list(content))
        if chance.random() < 0.15:
            return {key: value for key, value in content.items() if key != name}
        if chance.random() < 0.1:
            return content | {chance.choice(_ODD): chance.choice(_NASTY)}
        return content | {name: bent(chance, content[name])}
    if isinstance(content, list) and content and chance.random() < 0.9:
        return [bent(chance, content[0]), *content[1:]] * chance.choice((1, 1, 2, 501))
    return chance.choice(_NASTY)


# --------------------------------------------------------------------------------------- headers

_HEADERS = (
    "Authorization", "Host", "Accept-Language", "Cookie", "Content-Type", "Content-Length",
    "Accept",
    "Silog-Unsent", "Silog-Clock", "X-CSRFToken", "Referer", "Origin", "If-None-Match", "Range",
    "If-Modified-Since", "X-Forwarded-For", "X-Forwarded-Host", "Transfer-Encoding",
    "Accept-Encoding",
    "X-HTTP-Method-Override", "Accept-Charset", "Date", "Cache-Control", "If-Range",
)  # fmt: skip
_VALUES = (
    b"", b" ", b"\0", b"\xff\xfe", b"Bearer", b"Bearer ", b"Bearer \xe2\x80\xae", b"Basic OjpB",
    b"Basic \xff",
    b"Digest a=", b"Bearer " + b"a" * 9_000, b"evil.example", b"[::1", b"a:b:c",
    b"127.0.0.1:99999999",
    b"id;q=nan", b"en;q=1e999", b"*;q=-1", b"en-\xc3\xa9", b"," * 5_000, b"a=b; " * 2_000,
    b"silog=.eJx; silog=",
    b"application/json; charset=utf-7", b"application/json; charset=\xff", b"multipart/form-data",
    b"multipart/form-data; boundary=", b'multipart/form-data; boundary="',
    b"multipart/form-data; boundary=\0",
    b"text/csv; charset=latin-1; charset=x", b"application/x-www-form-urlencoded", b"-1", b"1e3",
    b"99999999999999999999",
    b"2026-02-02T12:00:00+99:99", b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-23:59",
    b"2026-02-02T12:00:00Z",
    "\u0661".encode(), b"bytes=0-0,1-1,2-2", b"bytes=99999999999-", b'W/"' + b"a" * 99,
    b"Thu, 99 Foo 99999 99:99:99 GMT",
    b"chunked", b"gzip, br;q=x", b"remember_token=1|abc", b"http://[", b"null", b"*/*;q=0",
    b"identity",
)  # fmt: skip
_PAGES = (
    ("GET", "/"), ("GET", "/station"), ("GET", "/manifests"), ("GET", "/api/v1/events"), ("GET",
    "/sign-in"),
    ("GET", "/static/css/silog.css"), ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/verify"),
    ("GET", "/metrics"), ("HEAD", "/stock"), ("OPTIONS", "/api/v1/scans"), ("PUT", "/api/v1/scans"),
    ("POST", "/api/v1/scans"), ("POST", "/api/v1/manifests?dry_run=1"), ("POST",
    "/api/v1/readings"),
    ("POST", "/language"), ("POST", "/work"), ("POST", "/station/said"), ("POST",
    "/manifests/upload"),
    ("TRACE", "/"), ("GET", "/api/v1/openapi.json"), ("POST", "/station/work"), ("POST",
    "/ledger/checkpoints"),
)  # fmt: skip


def headers(chance: Random, world: World) -> Request:
    """Return a request of which some headers are odd."""
    method, target = chance.choice(_PAGES)
    good = {
        "Authorization": f"Bearer {world.station}".encode(), "Cookie": world.cookie.encode(),
        "Host": b"127.0.0.1", "Content-Type": b"application/json",
        "X-CSRFToken": world.form.encode(),
    }  # fmt: skip
    kept = {name: value for name, value in good.items() if chance.random() < 0.7}
    for _ in range(chance.randint(1, 4)):
        name = chance.choice(_HEADERS)
        value = chance.choice(_VALUES)
        base = kept.get(name, value)
        kept[name] = mutated(chance, base) if chance.random() < 0.4 else value
    clean = {name: value.translate(None, b"\r\n") for name, value in kept.items()}
    return Request(method, target.encode(), tuple(clean.items()), chance.choice(_RAW[:6]))


def forms(chance: Random, world: World) -> Request:
    """Return a multipart body, broken somewhere, or a form with odd fields."""
    target = chance.choice((
        "/api/v1/manifests?dry_run=1", "/api/v1/readings", "/manifests/upload", "/language",
        "/work", "/station/said", "/station/work", "/manifests/upload/confirm", "/sign-in/demo",
    ))  # fmt: skip
    mark = chance.choice(("x", "-" * 60, "a b", "\u00e9", "x" * 300))
    name = chance.choice(
        ("file", "upload", "number", "quantity", "place", "task", "next", "secret")
    )
    file = chance.choice(_ODD)
    part = f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n'
    part += f"Content-Type: text/csv\r\n\r\n{text(chance)}\r\n"
    fields = [
        f'--{mark}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{world.form}\r\n',
        part,
        f'--{mark}\r\nContent-Disposition: form-data; name="{chance.choice(_ODD)}"\r\n\r\n1\r\n',
        f'--{mark}\r\nContent-Disposition: form-data; name="upload"\r\n\r\n{text(chance)}\r\n',
    ]
    chance.shuffle(fields)
    raw = ("".join(fields * chance.choice((1, 1, 1, 300))) + f"--{mark}--\r\n").encode(
        "utf-8", "replace"
    )
    if chance.random() < 0.4:
        raw = mutated(chance, raw)
    sent = call(world, "POST", target, raw, f"multipart/form-data; boundary={mark}")
    who = sent.headers[:1] if target.startswith("/api") else (("Cookie", world.cookie.encode()),)
    kind = sent.headers[1][1].translate(None, b"\r\n")
    return Request("POST", sent.target, (*who, ("Content-Type", kind)), raw)


# ---------------------------------------------------------------------------------------- tables

_CELLS = (
    "1271-KS-004512", "KOTAK", "TINTA", "1", "1.000", "1,5", "12.71.01.1001.001", "12.71",
    "12710110", "=1+1",
    "@SUM(A1)", "-2+3", "\t=1", "'", '="001"', '"', '""', "\r", "\n", "a\nb", "sep=;", "\0",
    "\u200b", "\u202eabc",
    "2026-02-12", "31/02/2026", "12 Februari 2026", "A1 A2;A3", "9" * 400, "x" * 5_000, "1e5",
    "\u0661", "PALET-1",
    "SJ-9", "", " ", "\u00a0", "(00)341234567890123457", "<b>", "%s",
)  # fmt: skip
_HEADS = (
    "manifest", "from", "to", "package", "item", "quantity", "destination", "parent", "seals",
    "due", "note", "unit",
    "Kode Koli", "Jumlah", "keterangan", "", " ", "x", "refused because / ditolak karena",
    "package", "\ufeffitem",
)  # fmt: skip


def tables(chance: Random, world: World) -> Request:
    """Return a manifest's file: mended at random, put together at random, or no table at all."""
    options = [
        "dry_run=1",
        "",
        "good_rows=1",
        "number=SJ-F&from=12&to=12.71",
        "map=package%3DKode",
        "map=x",
    ]
    query = "&".join({chance.choice(options[:1] * 4 + options) for _ in range(2)})
    kind = chance.choice(
        ("text/csv", "text/csv; charset=utf-16", "application/octet-stream", "text/plain")
    )
    return call(world, "POST", f"/api/v1/manifests?{query}", _table(chance), kind)


def _table(chance: Random) -> bytes:
    match chance.randrange(10):
        case 0 | 1 | 2 | 3:
            return mutated(chance, _sample(chance))
        case 4 | 5 | 6 | 7:
            return _invented(chance)
        case 8:
            return chance.choice((
                b"", b"\xef\xbb\xbf", b"\xff\xfe", b";" * 50_000, b"\n" * 50_000, b'"' * 50_001,
                b"\0" * 4_000,
                b"a," * 300 + b"\n" + b"1," * 300, b"item\n" + b"x" * 200_000,
                b"PK\x03\x04xl/workbook" + bytes(99),
                b"sep=\xc3\xa9\na", b"\x1f\x8b\x08", b"'" * 9_999 + b"\nx", b'="' * 5_000 + b"\nx",
                b"\xed\xa0\x80,a\n1,2",
            ))  # fmt: skip
        case _:
            return chance.randbytes(chance.randint(0, 2_000))


@cache
def _lines() -> list[bytes]:
    return (FIXTURES / f"{MANIFEST}.csv").read_bytes().splitlines(keepends=True)


def _sample(chance: Random) -> bytes:
    head, *rows = _lines()
    return head + b"".join(chance.sample(rows, chance.randint(0, 12)))


def _invented(chance: Random) -> bytes:
    mark, end = chance.choice(";,\t|"), chance.choice(("\r\n", "\n", "\r"))
    head = chance.sample(_HEADS, chance.randint(1, len(_HEADS)))
    if chance.random() < 0.7:
        head = ["manifest", "from", "to", "package", "item", "quantity", "destination", *head[:2]]
    rows = [[chance.choice(_CELLS) for _ in range(len(head) + chance.choice((-1, 0, 0, 0, 1)))]
            for _ in range(chance.choice((0, 1, 3, 9)))]  # fmt: skip
    if chance.random() < 0.5:
        for row in rows:
            row[:3] = ["SJ-F", "12", "12.71"]
    quoted = chance.random() < 0.7
    cells = [
        ['"' + c.replace('"', '""') + '"' if quoted else c for c in row] for row in (head, *rows)
    ]
    made = end.join(mark.join(row) for row in cells)
    return made.encode(
        chance.choice(("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252")), "replace"
    )


# -------------------------------------------------------------------------------------- pictures


def pictures(chance: Random, world: World) -> Request:
    """Return a picture: whole, broken, a bomb, or something else under a picture's name."""
    kind = chance.choice(
        ("image/jpeg", "image/png", "image/webp", "application/octet-stream", "text/html")
    )
    return call(world, "POST", "/api/v1/readings", _picture(chance), kind)


def _picture(chance: Random) -> bytes:
    if chance.random() < 0.75:
        return mutated(chance, chance.choice(_whole()))
    return chance.choice(_MADE)(chance)


def encoded(picture: Image.Image, form: str, **options: Any) -> bytes:  # noqa: ANN401  # Pillow's
    """Return the picture as a file."""
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


@cache
def _whole() -> list[bytes]:
    """Return small pictures of every kind that is read, each with a code in it."""
    code = zxingcpp.create_barcode("1271-KS-004512", zxingcpp.BarcodeFormat.QRCode)
    grey = Image.fromarray(np.array(code.to_image(scale=4), dtype=np.uint8))
    colour = grey.convert("RGB")
    exif = Image.Exif()
    exif.update({0x0112: 6, 0x010F: "x" * 300, 0x8825: {2: (1.0, 2.0, 3.0)}})
    several = [colour.rotate(90 * turn) for turn in range(3)]
    return [
        encoded(colour, "JPEG", quality=60, exif=exif), encoded(grey, "JPEG", progressive=True),
        encoded(colour.convert("CMYK"), "JPEG"), encoded(grey, "PNG"), encoded(colour, "PNG",
        exif=exif),
        encoded(colour.convert("RGBA"), "PNG"), encoded(colour.quantize(4), "PNG", transparency=0),
        encoded(grey.convert("I;16"), "PNG"), encoded(grey.convert("1"), "PNG"),
        encoded(grey.convert("LA"), "PNG"),
        encoded(colour, "WEBP", quality=50, exif=exif), encoded(colour, "WEBP", lossless=True),
        encoded(colour.convert("RGBA"), "WEBP", lossless=True),
        encoded(several[0], "PNG", save_all=True, append_images=several[1:]),
        encoded(several[0], "WEBP", save_all=True, append_images=several[1:]),
        encoded(grey, "GIF"), encoded(grey, "BMP"), encoded(grey, "TIFF"),
    ]  # fmt: skip


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG with the right sum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, depth: int, colour: int, *chunks: bytes) -> bytes:
    """Return a PNG whose head says what is wanted, whatever follows."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunks) + chunk(b"IEND", b"")


def _side(chance: Random) -> int:
    return chance.choice((0, 1, 2, 3, 7, 64, 255, 4_899, 16_383, 65_535, 2**31 - 1, 2**32 - 1))


def _png_bomb(chance: Random) -> bytes:
    zeros = zlib.compress(bytes(chance.choice((10, 10_000, 4_000_000))), 9)
    kind, depth = chance.choice(((0, 1), (0, 8), (0, 16), (2, 8), (3, 8), (4, 16), (6, 16), (9, 3)))
    words = chance.choice((b"", chunk(b"zTXt", b"a\0\0" + zeros), chunk(b"iCCP", b"a\0\0" + zeros)))
    return png(_side(chance), _side(chance), depth, kind, words, chunk(b"IDAT", zeros))


def _webp_bomb(chance: Random) -> bytes:
    data = bytearray(encoded(Image.new("RGBA", (9, 9)), "WEBP", lossless=chance.random() < 0.5))
    at = chance.choice((20, 21, 24, 26, 27, 28))
    data[at : at + 3] = chance.choice((b"\xff\xff\xff", b"\0\0\0", b"\xff\x3f\xff"))
    return bytes(data)


def _jpeg_bomb(chance: Random) -> bytes:
    data = chance.choice(_whole()[:3])
    sides = struct.pack(">HH", min(_side(chance), 65_535), min(_side(chance), 65_535))
    for start in (b"\xff\xc0", b"\xff\xc2"):
        at = data.find(start)
        if at > 0:
            return data[: at + 5] + sides + data[at + 9 :]
    return data


def _many_passes(chance: Random) -> bytes:
    side = chance.choice((64, 900))
    return passes(
        encoded(Image.new("L", (side, side)), "JPEG", progressive=True),
        chance.choice((9, 95, 4_000)),
    )


def passes(data: bytes, times: int) -> bytes:
    """Return the progressive JPEG with its last pass repeated."""
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * times + data[-2:]


def _odd_size(chance: Random) -> bytes:
    sizes = (
        (1, 1),
        (1, 2_000),
        (2_000, 1),
        (2, 2),
        (3, 65_500),
        (65_500, 3),
        (333, 7),
        (16_000, 2),
    )
    form = chance.choice(("JPEG", "PNG", "WEBP"))
    width, height = chance.choice(sizes)
    if form == "WEBP":
        width, height = min(width, 16_383), min(height, 16_383)
    level = chance.randrange(256)
    return encoded(Image.new(chance.choice(("L", "RGB")), (width, height), level), form)


def _noise(chance: Random) -> bytes:
    side = chance.choice((8, 40, 120, 400))
    pixels = np.frombuffer(chance.randbytes(side * side), np.uint8).reshape(side, side)
    return encoded(Image.fromarray(pixels), chance.choice(("JPEG", "PNG", "WEBP")))


def _turned(chance: Random) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = chance.choice((0, 1, 3, 5, 6, 8, 9, 65_535))
    exif[0x9286] = "\0" * chance.choice((1, 60_000))
    data = encoded(Image.open(io.BytesIO(_whole()[0])), "JPEG", exif=exif)
    return mutated(chance, data[:200]) + data[200:]


def _large(chance: Random) -> bytes:
    """Return what is allowed and as dear as can be, seldom: a checkerboard of 24 megapixels."""
    if chance.random() > 0.01:
        return _noise(chance)
    return _checkerboard()


@cache
def _checkerboard() -> bytes:
    squares = (np.indices((4_000, 6_000)).sum(0) // 4 % 2 * 255).astype(np.uint8)
    return encoded(Image.fromarray(squares), "PNG")


_MADE: Sequence[Callable[[Random], bytes]] = (
    _png_bomb, _webp_bomb, _jpeg_bomb, _many_passes, _odd_size, _noise, _turned, _large,
)  # fmt: skip


# ----------------------------------------------------------------------------------- in all kinds


def mutated(chance: Random, data: bytes) -> bytes:
    """Return the bytes with a few changes: flipped, set, cut, doubled, moved, put in, torn off."""
    made = bytearray(data)
    for _ in range(chance.choice((0, 1, 1, 2, 4, 16))):
        if made:
            _change(chance, made)
    return bytes(made)


def _change(chance: Random, made: bytearray) -> None:
    at = chance.randrange(len(made))
    match chance.randrange(7):
        case 0:
            made[at] ^= 1 << chance.randrange(8)
        case 1:
            made[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, 0x22, 0x0A, 0x3B))
        case 2:
            del made[at : at + chance.randint(1, 20)]
        case 3:
            made[at:at] = made[at : at + chance.randint(1, 40)] * chance.choice((1, 2, 50))
        case 4:
            made[at:at] = chance.randbytes(chance.randint(1, 8))
        case 5:
            made[at : at + 4] = chance.choice((b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"))
        case _:
            del made[at if chance.random() < 0.3 else len(made) :]


KINDS: dict[str, tuple[Maker, float]] = {
    "pictures": (pictures, 0.08),
    "manifest files": (tables, 0.1),
    "texts of scans": (scan_texts, 0.3),
    "GS1 texts": (gs1_texts, 0.2),
    "JSON bodies": (bodies, 0.12),
    "headers": (headers, 0.1),
    "forms": (forms, 0.04),
    "addresses": (addresses, 0.06),
}
"""What makes the inputs of a kind, and its share of all."""
