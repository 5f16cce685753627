"""The station's own authority vouches for this computer and private networks, for nothing else."""

import os
import ssl
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from silog_scan.core.errors import Refused
from silog_scan.services import certificates
from silog_scan.services.certificates import DAY, Certificate, Names

AT = datetime.now(UTC).replace(microsecond=0)
"""Today: OpenSSL and the browsers look at the clock themselves."""
LAN = ip_address("192.168.10.20")


def named(*more: str, hostname: str = "GUDANG-1", address: str = "192.168.10.20") -> Names:
    return certificates.wanted(hostname, more, [ip_address(address)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "tls"


@pytest.fixture
def authority(folder: Path) -> Certificate:
    return certificates.current(folder, named(), AT)[0]


def served(folder: Path) -> Certificate:
    found = certificates.served(folder)
    assert found
    return found


def judged(folder: Path, authority: Certificate, server: Certificate) -> str:
    """Return what OpenSSL says of a certificate for a server."""
    (folder / "ca.crt").write_bytes(authority.pem)
    (folder / "server.crt").write_bytes(server.pem)
    words = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile",
             str(folder / "ca.crt"), str(folder / "server.crt")]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout + done.stderr


def test_a_certificate_is_for_the_computers_names_and_addresses(
    folder: Path, authority: Certificate
) -> None:
    server = served(folder)

    assert str(server.names) == (
        "gudang-1, gudang-1.local, localhost, 127.0.0.1, 192.168.10.20, ::1"
    )
    assert judged(folder, authority, server).endswith("OK\n")


def test_it_lives_no_longer_than_devices_allow(folder: Path, authority: Certificate) -> None:
    server = served(folder).public

    lifetime = server.not_valid_after_utc - server.not_valid_before_utc

    assert lifetime <= 397 * DAY
    assert authority.ends - AT > 1800 * DAY


@pytest.mark.parametrize(
    "names",
    [
        Names(frozenset({"bank.example"}), frozenset()),
        Names(frozenset({"localhost", "evil.local"}), frozenset()),
        Names(frozenset(), frozenset({ip_address("8.8.8.8")})),
        Names(frozenset(), frozenset({ip_address("2001:db8::1")})),
    ],
    ids=str,
)
def test_a_stolen_authority_cannot_vouch_for_others(
    folder: Path, authority: Certificate, names: Names
) -> None:
    forged = certificates.issued(authority, names, AT)

    assert forged.names == names
    assert "permitted subtree violation" in judged(folder, authority, forged)


def test_a_stolen_authority_cannot_make_another(authority: Certificate) -> None:
    constraints = authority.public.extensions.get_extension_for_class(x509.BasicConstraints)
    names = authority.public.extensions.get_extension_for_class(x509.NameConstraints)

    assert (constraints.critical, constraints.value.path_length) == (True, 0)
    assert (names.critical, names.value.excluded_subtrees) == (True, None)


@pytest.mark.parametrize(
    ("hostname", "dns"),
    [
        ("GUDANG-1", {"gudang-1", "gudang-1.local"}),
        ("dev", {"dev.local"}),
        ("silog.kpu-medan.go.id", {"silog.kpu-medan.go.id", "silog.local"}),
        ("laptop_rina", set()),
        ("x" * 64 + "1", set()),
        ("", set()),
    ],
)
def test_a_name_that_could_be_a_top_level_domain_is_left_out(hostname: str, dns: set[str]) -> None:
    assert named(hostname=hostname).dns - {"localhost"} == dns


def test_what_the_authority_may_not_vouch_for_is_left_out_and_told(
    folder: Path, authority: Certificate
) -> None:
    moved = named(hostname="laptop-2", address="203.0.113.9")

    certificates.current(folder, moved, AT + timedelta(hours=1))

    assert str(authority.left_out(moved)) == "laptop-2, laptop-2.local, 203.0.113.9"
    assert "laptop-2" in str(certificates.not_vouched_for(authority.left_out(moved)))
    assert "laptop-2" not in served(folder).names.dns


def test_keys_are_their_owners_and_nothing_else_leaves(
    folder: Path, authority: Certificate
) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.glob("*.pem")}

    assert modes == {"authority.pem": 0o600, "server.pem": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert b"PRIVATE" not in authority.pem


def test_certificate_and_key_belong_together(folder: Path, authority: Certificate) -> None:
    path = folder / "server.pem"

    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path, path)

    key = load_pem_private_key(path.read_bytes(), None)
    assert key.public_key() != authority.public.public_key()


# Kept, and renewed.


@pytest.mark.parametrize(
    ("later", "names", "is_renewed"),
    [
        (timedelta(0), named(), False),
        (330 * DAY, named(), False),
        (340 * DAY, named(), True),
        (-30 * DAY, named(), True),
        (DAY, named(address="192.168.10.99"), True),
        (DAY, certificates.wanted("GUDANG-1", (), ()), False),
        (DAY, named(address="203.0.113.9"), False),
        (DAY, named(hostname="laptop-2"), False),
    ],
    ids=["at once", "later", "near its end", "a clock set back", "a new address",
         "an address less", "an address of nobody's network", "a name it may not vouch for"],
)  # fmt: skip
@pytest.mark.usefixtures("authority")
def test_a_certificate_is_renewed_when_it_must_be(
    folder: Path, later: timedelta, names: Names, is_renewed: bool
) -> None:
    before = served(folder)

    certificates.current(folder, names, AT + later)

    assert (served(folder).public != before.public) == is_renewed


def test_an_authority_stays_what_it_is(folder: Path, authority: Certificate) -> None:
    later = certificates.current(folder, named(hostname="laptop-2"), AT + 900 * DAY)[0]

    assert later.fingerprint == authority.fingerprint


def test_a_certificate_never_outlives_its_authority(folder: Path, authority: Certificate) -> None:
    near = authority.ends - 30 * DAY

    certificates.current(folder, named(), near)
    first = served(folder)
    certificates.current(folder, named(), near + DAY)

    assert first.ends == authority.ends
    assert served(folder).public == first.public


def test_an_authority_that_ended_is_not_replaced_by_itself(
    folder: Path, authority: Certificate
) -> None:
    kept = (folder / "authority.pem").read_bytes()

    with pytest.raises(Refused) as refusal:
        certificates.current(folder, named(), authority.ends)

    assert refusal.value.code == "tls-ended"
    assert str(folder) in str(refusal.value)
    assert (folder / "authority.pem").read_bytes() == kept


@pytest.mark.parametrize("content", [b"", b"no certificate", None], ids=["empty", "text", "half"])
@pytest.mark.usefixtures("authority")
def test_a_spoiled_authority_is_told_and_kept(folder: Path, content: bytes | None) -> None:
    path = folder / "authority.pem"
    content = path.read_bytes()[:-40] if content is None else content
    path.write_bytes(content)

    with pytest.raises(Refused) as refusal:
        certificates.current(folder, named(), AT)

    assert refusal.value.code == "tls-spoiled"
    assert path.read_bytes() == content


@pytest.mark.usefixtures("authority")
def test_a_spoiled_certificate_is_made_anew(folder: Path) -> None:
    (folder / "server.pem").write_bytes(b"")

    certificates.current(folder, named(), AT)

    assert served(folder).ends > AT


def test_a_certificate_of_another_authority_is_made_anew(tmp_path: Path, folder: Path) -> None:
    certificates.current(tmp_path / "other", named(), AT)
    authority, _ = certificates.current(folder, named(), AT)
    os.replace(tmp_path / "other" / "server.pem", folder / "server.pem")  # noqa: PTH105

    certificates.current(folder, named(), AT)

    served(folder).public.verify_directly_issued_by(authority.public)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(Refused) as refusal:
        certificates.current(tmp_path / "file" / "tls", named(), AT)

    assert refusal.value.code == "tls-unwritable"


# Looked over.


def trouble(folder: Path, names: Names, at: datetime) -> str:
    authority = certificates.found(folder)
    assert authority
    found = certificates.trouble(folder, authority, certificates.served(folder), names, at)
    return str(found or "")


@pytest.mark.usefixtures("authority")
@pytest.mark.parametrize(
    ("names", "later", "told"),
    [
        (named(), DAY, ""),
        (named(address="203.0.113.9"), DAY, ""),
        (named(address="192.168.10.99"), DAY, "serve renews it"),
        (named(), 390 * DAY, "serve renews it"),
        (named(hostname="laptop-2"), DAY, "laptop-2.local cannot be opened"),
        (named(), 1750 * DAY, "authority ends on"),
    ],
    ids=["well", "public address", "new address", "near its end", "new name", "old authority"],
)
def test_trouble_is_told_with_what_to_do(
    folder: Path, names: Names, later: timedelta, told: str
) -> None:
    found = trouble(folder, names, AT + later)

    assert told in found
    assert bool(told) == bool(found)


@pytest.mark.usefixtures("authority")
def test_a_key_that_others_can_read_is_told(folder: Path) -> None:
    (folder / "authority.pem").chmod(0o640)

    assert "chmod 600" in trouble(folder, named(), AT)
