"""Ten things that go wrong in a warehouse: each is said in a sentence, and nothing is lost."""

import os
import socket
import sqlite3
import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from silog_scan.store import schema
from tests.cli.conftest import (
    FIXTURES,
    MANIFEST,
    PROGRAM,
    Done,
    Json,
    Run,
    clean_environment,
    run,
)

__all__ = ["run"]

PHOTO = (FIXTURES / "photos" / "one.jpg").read_bytes()


@pytest.fixture
def home(sqlite_home: Path, run: Run) -> Path:
    """Give a home with the manifest SJ-1, one scan on it, and SJ-2 closed."""
    other = (
        MANIFEST.replace(b"SJ-1", b"SJ-2").replace(b"KS", b"SP").replace(b"KOTAK", b"SURAT-PPWP")
    )
    run("manifest", "import", "-", input=MANIFEST)
    run("manifest", "import", "-", input=other)
    run("manifest", "close", "SJ-2")
    run("scan", "-", "--manifest", "SJ-1", input=b"1271-KS-000001\n")
    return sqlite_home


@pytest.fixture
def log(home: Path, run: Run) -> list[Json]:
    """Give the record as it was before anything went wrong."""
    assert home.exists()
    return run("ledger", "export").objects


@pytest.fixture
def kept(run: Run, log: list[Json]) -> Callable[[], bool]:
    """Give a check that the record is unbroken and begins with what it held before."""

    def is_kept() -> bool:
        now = run("ledger", "export").objects
        is_whole = run("ledger", "verify").code == run("ledger", "rebuild", "--check").code
        return is_whole and now[: len(log)] == log and len(now) <= len(log) + 1

    return is_kept


def told(done: Done) -> str:
    """Return the one sentence that a refused command leaves."""
    lines = [line for line in done.err.splitlines() if not line.startswith("Data home: ")]
    assert (done.code, done.out, len(lines)) == (1, "", 1), done
    return lines[0]


def huge(side: int = 30_000) -> bytes:
    """Return a black PNG of 30,000 times 30,000 pixels in a hundred kilobytes."""
    packer = zlib.compressobj()
    row = bytes(1 + side // 8)
    pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (PHOTO, "JPEG"),
        (bytes(range(256)) * 40, "bytes"),
        (b"", "empty"),
        (b"PK\x03\x04", "The workbook is damaged."),
    ],
    ids=["photo", "binary", "empty", "archive"],
)
def test_a_file_that_is_no_table(
    run: Run, kept: Callable[[], bool], data: bytes, word: str
) -> None:
    done = run("manifest", "import", "-", input=data)

    assert word in told(done)
    assert kept()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (MANIFEST, "not-a-picture"),
        (b"", "not-a-picture"),
        (PHOTO[:4_000], "picture-damaged"),
        (huge(), "picture-too-large"),
    ],
    ids=["csv", "empty", "cut", "huge"],
)
def test_a_file_that_is_no_picture(
    run: Run, tmp_path: Path, kept: Callable[[], bool], data: bytes, code: str
) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(data)

    decoded, scanned = run("decode", "--jsonl", path), run("scan", path)

    assert decoded.code == 1
    assert decoded.objects[0]["error"]["code"] == code
    assert told(scanned)
    assert kept()


def test_an_unknown_place(run: Run, kept: Callable[[], bool]) -> None:
    done = run("scan", "-", "--place", "12.71.99", input=b"1271-KS-000002\n")

    assert "12.71.99" in told(done)
    assert kept()


def test_a_manifest_for_an_unknown_place(run: Run, kept: Callable[[], bool]) -> None:
    data = MANIFEST.replace(b"SJ-1", b"SJ-3").replace(b"12.71.01.1001.002", b"12.71.99.1001.002")

    done = run("manifest", "import", "-", input=data)

    assert (done.code, done.out) == (1, "")
    assert "12.71.99" in done.err
    assert kept()


def test_a_closed_manifest(run: Run, kept: Callable[[], bool]) -> None:
    done = run("scan", "-", "--manifest", "SJ-2", input=b"1271-SP-000001\n")

    assert (done.code, done.out.split()[0]) == (1, "manifest-closed")
    assert kept()


def test_a_closed_manifest_issued_again(run: Run, kept: Callable[[], bool]) -> None:
    data = MANIFEST.replace(b"SJ-1", b"SJ-2").replace(b"TINTA,40", b"TINTA,50")

    done = run("manifest", "import", "-", input=data)

    assert "SJ-2" in told(done)
    assert kept()


def test_a_port_that_is_taken(run: Run, kept: Callable[[], bool]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        done = run("serve", "--port", port)

    assert str(port) in told(done)
    assert kept()


def test_a_database_of_a_newer_version(run: Run, home: Path, kept: Callable[[], bool]) -> None:
    is_of(home, "9999")

    done, served = (
        run("scan", "-", input=b"1271-KS-000002\n"),
        run("serve", "--port", 1_024),
    )

    is_of(home, schema.NEWEST)
    assert "newer version" in told(done)
    assert "newer version" in told(served)
    assert kept()


def is_of(home: Path, version: str) -> None:
    with sqlite3.connect(home / "silog.db") as database:
        database.execute("UPDATE alembic_version SET version_num = ?", (version,))
    database.close()


@pytest.mark.parametrize(
    "camera", ["9", "/dev/video9", "rtsp://127.0.0.1:1/", "http://127.0.0.1:1/"]
)
def test_a_camera_that_is_not_there(run: Run, kept: Callable[[], bool], camera: str) -> None:
    done = run("scan", camera)

    assert told(done)
    assert kept()


# A disk that may only be read: mounted so where we may mount, else by the rights of the folder.


@pytest.fixture
def read_only(home: Path) -> Callable[..., Done]:
    """Run a command while the home lies on a disk that cannot be written."""
    is_root = os.geteuid() == 0
    if is_root and subprocess.run(["unshare", "--mount", "true"], check=False).returncode:  # noqa: S607
        pytest.skip("root may write everywhere, and may mount nothing here")
    mount = f"mount --bind {home} {home} && mount -o remount,bind,ro {home} && exec "

    def run_there(*words: str, input: bytes = b"") -> Done:  # noqa: A002
        command = " ".join([str(PROGRAM), *words])
        if not is_root:
            (home / "silog.db").chmod(0o444)
            home.chmod(0o555)
        prefix = ["unshare", "--mount"] if is_root else []
        done = subprocess.run(  # noqa: S603
            [*prefix, "/bin/sh", "-c", (mount if is_root else "exec ") + command],
            input=input,
            capture_output=True,
            check=False,
            timeout=60,
            env=clean_environment(SILOG_HOME=str(home)),
        )
        home.chmod(0o755)
        (home / "silog.db").chmod(0o644)
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run_there


@pytest.mark.parametrize(
    "words",
    [
        ("scan", "-"),
        ("manifest", "import", str(FIXTURES / "SJ-1271-0147.csv")),
        ("manifest", "close", "SJ-1"),
        ("station", "add", "Meja"),
        ("serve", "--port", "1024"),
        ("ledger", "rebuild"),
    ],
    ids=" ".join,
)
def test_a_disk_that_may_only_be_read(
    read_only: Callable[..., Done], kept: Callable[[], bool], words: tuple[str, ...]
) -> None:
    done = read_only(*words, input=b"1271-KS-000002\n")

    assert "nobody foresaw" not in done.err
    assert told(done)
    assert kept()
