"""HTTPS on a warehouse's network: an authority of the station's own, and its certificate.

Browsers give a camera to HTTPS only. The authority may vouch for the names of this computer and
for addresses of private networks alone (name constraints, RFC 5280 4.2.1.10), so that a phone
that trusts it trusts it for nothing else, even if its key is stolen. It is made once and never
replaced by itself: every phone would have to install it anew. Its key stays in the data home and
is in no backup.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from filelock import FileLock

from silog_scan.core.errors import Refused, Sentence, say
from silog_scan.services.files import private, sync
from silog_scan.services.network import LOOPBACK, Address, names

DAY = timedelta(days=1)
OLDEST = 1826 * DAY
"""Of the authority: five years."""
LONGEST = 397 * DAY
"""Of a certificate; Apple refuses above 398 (public) and 825 days (own authorities)."""
SOON = 60 * DAY
"""Before the end a certificate is renewed."""
LATE = 90 * DAY
"""Before its end the authority should be replaced."""
NETWORKS = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # RFC 1918
        "169.254.0.0/16", "fe80::/10",  # a cable between two computers
        "fc00::/7",  # RFC 4193
        "127.0.0.0/8", "::1/128",
    )
)  # fmt: skip
_AUTHORITY, _SERVER = "authority.pem", "server.pem"
_CLOCKS_DIFFER = DAY
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9-]{1,63})*")

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Names:
    """What a certificate is for: names of the DNS in lower case, and addresses."""

    dns: frozenset[str]
    addresses: frozenset[Address]

    def __str__(self) -> str:
        """Return them in a line, names first."""
        return ", ".join([*sorted(self.dns), *map(str, sorted(self.addresses, key=str))])

    def __bool__(self) -> bool:
        """Say whether there is any."""
        return bool(self.dns or self.addresses)

    def __sub__(self, other: "Names") -> "Names":
        """Return those that the other has not."""
        return Names(self.dns - other.dns, self.addresses - other.addresses)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key."""

    public: x509.Certificate
    key: Key

    @property
    def ends(self) -> datetime:
        """Return when nobody believes it any more."""
        return self.public.not_valid_after_utc

    @property
    def names(self) -> Names:
        """Return what it is for; an authority is for nothing itself."""
        try:
            san = self.public.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return Names(frozenset(), frozenset())
        dns, found = (
            san.get_values_for_type(x509.DNSName),
            san.get_values_for_type(x509.IPAddress),
        )
        return Names(frozenset(dns), frozenset(a for a in found if isinstance(a, Address)))

    def left_out(self, wanted: Names) -> Names:
        """Return what an authority may not vouch for."""
        extension = self.public.extensions.get_extension_for_class(x509.NameConstraints)
        permitted = [general.value for general in extension.value.permitted_subtrees or ()]
        dns = {
            name
            for name in wanted.dns
            if not any(isinstance(p, str) and _is_below(name, p) for p in permitted)
        }
        addresses = {
            address
            for address in wanted.addresses
            if not any(not isinstance(p, str) and address in p for p in permitted)
        }
        return Names(frozenset(dns), frozenset(addresses))

    @property
    def fingerprint(self) -> str:
        """Return its SHA-256 as devices show it: pairs of hex digits."""
        return self.public.fingerprint(hashes.SHA256()).hex(":").upper()

    @property
    def pem(self) -> bytes:
        """Return what may be handed out: the certificate without its key."""
        return self.public.public_bytes(Encoding.PEM)


def _is_below(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")


def wanted(hostname: str, more: Iterable[str], addresses: Iterable[Address]) -> Names:
    """Return what this computer's certificate should be for.

    A name of letters alone is left out: it could be a top-level domain, and an authority that may
    vouch for ``dev`` may vouch for every name that ends so.
    """
    asked = {name.lower() for name in (*names(hostname), *more)}
    dns = {name for name in asked if name == "localhost" or _is_servable(name)}
    return Names(frozenset(dns), frozenset((*LOOPBACK, *addresses)))


def _is_servable(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and not name.isalpha()


# Kept in a folder.


def current(folder: Path, names: Names, at: datetime) -> tuple[Certificate, Path]:
    """Return the authority, and the file of a certificate and its key that are good for the names.

    Both are made where there are none. Only the certificate is renewed: near its end, or when it
    lacks a name that the authority may vouch for. An authority that ended is refused.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(folder / "lock"):
            authority = found(folder) or _write(folder / _AUTHORITY, _new_authority(names, at))
            _must_stand(authority, folder, at)
            server = _read(folder / _SERVER, spoiled=None)
            if server is None or is_due(authority, server, names, at):
                good = names - authority.left_out(names)
                _write(folder / _SERVER, issued(authority, good, at))
    except OSError as error:
        told = say(
            "The folder %(folder)s cannot be used: %(reason)s.",
            folder=folder,
            reason=error.strerror or str(error),
        )
        raise Refused("tls-unwritable", told) from error
    return authority, folder / _SERVER


def found(folder: Path) -> Certificate | None:
    """Return the authority of a folder, or None; one that is spoiled is refused."""
    path = folder / _AUTHORITY
    told = say(
        "%(path)s cannot be read as a certificate and its key. Bring it back from a copy; or "
        "delete it, start again, and install the new certificate on every device.",
        path=path,
    )
    return _read(path, spoiled=Refused("tls-spoiled", told))


def served(folder: Path) -> Certificate | None:
    """Return the certificate of a folder, None where there is none that can be read."""
    return _read(folder / _SERVER, spoiled=None)


def is_due(authority: Certificate, server: Certificate, names: Names, at: datetime) -> bool:
    """Say whether a certificate must be renewed: another's, near its end, not begun, or lacking."""
    is_another = not _is_signed(authority, server)  # names and signature
    ends_soon = server.ends - at < SOON and server.ends < authority.ends
    not_begun = server.public.not_valid_before_utc > at
    lacks = bool(names - authority.left_out(names) - server.names)
    return is_another or ends_soon or not_begun or lacks


def trouble(
    folder: Path,
    authority: Certificate,
    server: Certificate | None,
    names: Names,
    at: datetime,
) -> Sentence | None:
    """Return what to do about a folder's authority and certificate, or None where all is well."""
    open_to_others = [path for path in folder.glob("*.pem") if path.stat().st_mode & 0o077]
    if open_to_others and os.name != "nt":
        return say(
            "Others on this computer can read %(path)s. Forbid it: chmod 600",
            path=open_to_others[0],
        )
    if authority.ends - at < LATE:
        return say(
            "The station's own authority ends on %(day)s. Before that day delete %(folder)s, start "
            "again, and install the new certificate on every device.",
            day=f"{authority.ends:%Y-%m-%d}",
            folder=folder,
        )
    lost = Names(authority.left_out(names).dns, frozenset())
    if lost:
        return not_vouched_for(lost)
    if server is None or is_due(authority, server, names, at):
        return say("The certificate is out of date. Start the station: serve renews it.")
    return None


def not_vouched_for(left_out: Names) -> Sentence:
    """Return what to say of names that the authority may not vouch for."""
    return say(
        "%(names)s cannot be opened without a warning: the station's authority is not for it. "
        "Use another address, or a certificate of your own with --cert and --key.",
        names=left_out,
    )


def _is_signed(authority: Certificate, server: Certificate) -> bool:
    try:
        server.public.verify_directly_issued_by(authority.public)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _must_stand(authority: Certificate, folder: Path, at: datetime) -> None:
    if authority.ends <= at:
        told = say(
            "The station's own certificate authority ended on %(day)s. If this computer's clock "
            "is right, delete %(folder)s, start again, and install the new certificate on every "
            "device.",
            day=f"{authority.ends:%Y-%m-%d}",
            folder=folder,
        )
        raise Refused("tls-ended", told)


def _read(path: Path, *, spoiled: Refused | None) -> Certificate | None:
    """Return a certificate and its key from one file; raise ``spoiled`` where they are none."""
    if not path.exists():
        return None
    data = path.read_bytes()
    try:
        public, key = x509.load_pem_x509_certificate(data), load_pem_private_key(data, None)
        belong = public.public_key() == key.public_key()
    except ValueError:
        belong = False
    if belong and isinstance(key, Key):
        return Certificate(public, key)
    if spoiled:
        raise spoiled
    return None


def _write(path: Path, made: Certificate) -> Certificate:
    """Put a certificate and its key into one file, whole or not at all: they belong together."""
    fresh = path.with_suffix(".partial")
    fresh.unlink(missing_ok=True)
    with private(fresh) as file:
        file.write(made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.write(made.pem)
    fresh.replace(path)
    sync(path.parent)
    return made


# Made.


def _new_authority(names: Names, at: datetime) -> Certificate:
    """Return an authority that may vouch for the names and for private networks, nothing else.

    It may make certificates of servers only: Windows would else believe its programs, too.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    called = sorted(names.dns - {"localhost"})
    # Its key's first digits tell apart what a new authority is: subjects must not be the same.
    mark = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    title = f"silog-scan {called[0] if called else ''}".strip()[:50]
    subject = _subject(f"{title} {mark.digest.hex()[:6]}")
    permitted = [*map(x509.DNSName, sorted(names.dns)), *map(x509.IPAddress, NETWORKS)]
    builder = (
        _builder(subject, subject, key, _span(at, OLDEST))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(mark, critical=False)
    )
    return Certificate(builder.sign(key, hashes.SHA256()), key)


def issued(authority: Certificate, names: Names, at: datetime) -> Certificate:
    """Return a new certificate for names that the authority may vouch for."""
    key = ec.generate_private_key(ec.SECP256R1())
    begin, end = _span(at, LONGEST)
    san = [
        *map(x509.DNSName, sorted(names.dns)),
        *map(x509.IPAddress, sorted(names.addresses, key=str)),
    ]
    issuer = authority.public
    builder = (
        _builder(_subject("silog-scan"), issuer.subject, key, (begin, min(end, authority.ends)))
        .add_extension(x509.SubjectAlternativeName(san), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
    )
    return Certificate(builder.sign(authority.key, hashes.SHA256()), key)


def _span(at: datetime, length: timedelta) -> tuple[datetime, datetime]:
    """Return begin and end; it begins a day ago, as a phone's clock may be behind."""
    begin = at.astimezone(UTC).replace(microsecond=0) - _CLOCKS_DIFFER
    return begin, begin + length


def _subject(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "silog-scan"),
        ]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, span: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(span[0])
        .not_valid_after(span[1])
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
