"""Where a camera on the network may be: anywhere in the house, but not where machines keep secrets.

The address is an administrator's word (``--camera`` or ``SILOG_CAMERA``), never a page's. It is
looked at all the same: a mistyped or foisted one must not make the station ask its own cloud for
passwords. Private and loopback addresses are allowed, since cameras live there.
"""

import re
import socket
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from silog_scan.core.errors import Malformed, Sentence, say

Address = IPv4Address | IPv6Address
Resolver = Callable[[str], Iterable[str]]

SCHEMES = ("rtsp", "rtsps", "http", "https")

PLAYER_OPTIONS = (
    "rtsp_transport;tcp|max_redirects;0"
    "|protocol_whitelist;file,http,https,tcp,tls,rtp,rtsp,udp,crypto"
)
"""What OpenCV hands on to FFmpeg for every film and address; the first is OpenCV's own default.

An address that was looked at may not lead to one that was not.
"""

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_METADATA = tuple(
    map(ip_network, ("100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32", "fd00:ec2::/32"))
)
"""Where clouds tell a machine its secrets, beside 169.254.169.254, which is link-local."""


def look_at(url: str) -> None:
    """Refuse an address that can be no camera's, by its text alone."""
    parts = _parts(url)
    if parts is None or parts.scheme.lower() not in SCHEMES or not parts.hostname:
        raise _refused(
            say(
                "%(url)s is no camera's address. Write rtsp://, rtsps://, http:// or https://, "
                "then a host; a file without file://, by its path.",
                url=_without_password(url),
            )
        )
    if found := _literal(parts.hostname):
        _must_be_of_a_camera(parts.hostname, found)


def look_up(url: str, resolve: Resolver | None = None) -> None:
    """Refuse an address whose host leads where no camera is; one that leads nowhere is absent."""
    host = urlsplit(url).hostname or ""
    for found in (resolve or _resolved)(host):
        _must_be_of_a_camera(host, ip_address(found.partition("%")[0]))


def _parts(url: str) -> SplitResult | None:
    """Return the parts of an address, or None when it has none, or letters no address has."""
    if not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises on what is no number
    except ValueError:
        return None
    return parts


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _resolved(host: str) -> list[str]:
    """Return what the system makes of a name, or of numbers in disguise such as 0xa9fea9fe."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(address[0]) for *_, address in found]


def _must_be_of_a_camera(host: str, found: Address) -> None:
    meant = _embedded(found)
    if (
        meant.is_link_local
        or meant.is_multicast
        or meant.is_unspecified
        or meant == IPv4Address("255.255.255.255")
        or any(meant in network for network in _METADATA if network.version == meant.version)
    ):
        raise _refused(
            say(
                "%(host)s leads to %(address)s, where no camera may be: it is link-local, for "
                "many, or a cloud's own. Give the camera an address of your network.",
                host=host,
                address=str(found),
            )
        )


def _embedded(found: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for, else itself."""
    if isinstance(found, IPv4Address):
        return found
    if found in _NAT64:
        return IPv4Address(int(found) & 0xFFFF_FFFF)
    return found.ipv4_mapped or found.sixtofour or found


def _without_password(url: str) -> str:
    return re.sub(r"//[^/]*@", "//", url)


def _refused(sentence: Sentence) -> Malformed:
    return Malformed("camera-address", sentence)
