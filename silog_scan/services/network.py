"""The names and addresses by which others on the network reach this computer."""

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address

import ifaddr

Address = IPv4Address | IPv6Address

LOOPBACK: tuple[Address, ...] = (IPv4Address("127.0.0.1"), IPv6Address("::1"))
_ELSEWHERE = "192.0.2.1"
"""An address of nobody (RFC 5737): asking the way there sends nothing."""


def names(hostname: str) -> tuple[str, ...]:
    """Return what a computer is called: localhost, its name, and that name on the local link."""
    whole = hostname.lower().rstrip(".")
    short = whole.partition(".")[0]
    return tuple(dict.fromkeys(("localhost", whole, short, f"{short}.local")))


def hostname() -> str:
    """Return this computer's name."""
    return socket.gethostname()


def addresses(listening: str) -> tuple[Address, ...]:
    """Return where others reach a server that listens on an address, the usual way in first.

    Of IPv6 only the address itself, when it is one: those of an interface change by the day.
    """
    at = ip_address(listening)
    if not at.is_unspecified:
        return () if at.is_loopback else (at,)
    found = (ip_address(text) for text in (*_way_out(), *_others()))
    return tuple(dict.fromkeys(a for a in found if not (a.is_loopback or a.is_unspecified)))


def _way_out() -> Iterator[str]:
    """Yield the address from which this computer would reach others, where it has a way out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((_ELSEWHERE, 9))
        except OSError:
            return
        yield str(probe.getsockname()[0])


def _others() -> Iterator[str]:
    """Yield the IPv4 addresses of all interfaces."""
    for adapter in ifaddr.get_adapters():
        yield from (str(at.ip) for at in adapter.ips if at.is_IPv4)
